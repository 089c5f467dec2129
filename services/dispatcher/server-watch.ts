/**
 * Who is silent, and who is gone (J07). Silence is evidence only while somebody could have been heard: so a
 * suspicion is first answered by a commit, which shows that the log works, and by anything heard on `load` (another
 * server, or our own probe), which shows that reports get through; and who still is not heard a while after both is
 * gone. A desk that did not look for a while was stopped itself, and what it has not heard meanwhile says nothing
 * about the servers.
 *
 * A server that started anew has lost what its earlier run held. Its journal tells that soon; what is still held a
 * while later, nobody will tell of any more (J04).
 */
import type { CustomerState, InboundLine } from "../../domain/customer/state.ts";
import type { CustomerKey, OfferId, RequestId, ServerId } from "../../domain/kernel/identifiers.ts";
import { type Instant, latest } from "../../domain/kernel/time.ts";
import type { RequestState } from "../../domain/request/state.ts";
import { silentServers, type TelephonyLoad } from "../../projections/telephony-load.ts";

/** A desk that did not look for this long was stopped itself (paused, starved). */
const LOOKING_GAP_MS = 3_000;

/** What a server has in its hands: an offer or a call of ours, or a call that came in. */
export type Held =
  | {
      readonly is: "request";
      readonly request: RequestId;
      /** The server's run that places the call; null: it has not answered, or nobody was told. */
      readonly runStartedAt: Instant | null;
    }
  | { readonly is: "caller"; readonly customer: CustomerKey; readonly line: InboundLine };

export type Gone = { readonly server: ServerId; readonly held: readonly Held[] };

export type ServerWatch = {
  /** Notes which server a Request is with. */
  moved(request: RequestId, before: RequestState, next: RequestState): void;
  /** Notes which servers a Customer calls in at. */
  called(customer: CustomerKey, before: CustomerState, next: CustomerState): void;
  /** From now on this desk listens. */
  listen(): void;
  /** Servers that are gone, or have started anew, and what nobody will tell the end of. */
  gone(): readonly Gone[];
  /** A commit is wanted that shows whether it is the log that is silent. */
  wantsProbe(): boolean;
  probed(): void;
  /** A commit got through: the log works. */
  logHeard(): void;
};

/** When the silence was noticed, and when the log was seen to work since: by a commit, and by anything on `load`. */
type Suspicion = {
  readonly since: Instant;
  readonly committedAt: Instant | null;
  readonly heardAt: Instant | null;
};

/** `since`: when a commit showed that what its journal tells can be heard; null: not yet. */
type Newborn = { readonly since: Instant | null; readonly left: ReadonlySet<string> };

export function createServerWatch(
  load: TelephonyLoad,
  silentMs: number,
  steadyNow: () => Instant,
): ServerWatch {
  /** By server, then by offer or call. */
  const onServer = new Map<ServerId, Map<string, Held>>();
  /** Silent servers with calls of ours. */
  const suspects = new Map<ServerId, Suspicion>();
  /** When each server's present run began, by its own clock. */
  const runs = new Map<ServerId, Instant>();
  const newborn = new Map<ServerId, Newborn>();
  let listeningSince = steadyNow();
  let lookedAt = listeningSince;
  let probing = false;

  const heldBy = (server: ServerId): ReadonlyMap<string, Held> => onServer.get(server) ?? new Map();
  const holdsCalls = (server: ServerId): boolean => heldBy(server).size > 0;

  function put(server: ServerId, id: string, held: Held): void {
    onServer.set(server, (onServer.get(server) ?? new Map<string, Held>()).set(id, held));
  }

  function suspect(silent: readonly ServerId[], now: Instant): void {
    for (const server of suspects.keys()) {
      if (!silent.includes(server) || !holdsCalls(server)) suspects.delete(server);
    }
    for (const server of silent) {
      if (suspects.has(server) || !holdsCalls(server)) continue;
      suspects.set(server, { since: now, committedAt: null, heardAt: null });
      probing = true;
    }
  }

  function isProven({ committedAt, heardAt }: Suspicion, now: Instant): boolean {
    if (committedAt === null || heardAt === null) return false;
    return now - latest(committedAt, heardAt) >= silentMs / 2;
  }

  function leave(server: ServerId, left: ReadonlySet<string>): void {
    if (left.size === 0) {
      newborn.delete(server);
      return;
    }
    newborn.set(server, { since: null, left });
    probing = true;
  }

  function noticeRuns(): void {
    for (const [server, { report }] of load.servers) {
      const isNew = runs.get(server) !== report.startedAt;
      runs.set(server, report.startedAt);
      const left = new Set(isNew ? [] : newborn.get(server)?.left);
      const before = left.size;
      // At every look: what a run took may be told of late, when that run is long over.
      for (const [id, held] of heldBy(server)) if (isOfEarlierRun(held, report.startedAt)) left.add(id);
      if (isNew || left.size > before) leave(server, left);
    }
  }

  function silentAndGone(now: Instant): Gone[] {
    if (now - listeningSince <= silentMs) suspects.clear();
    else suspect(silentServers(load, now, silentMs), now);
    for (const [server, suspicion] of suspects) {
      if (suspicion.heardAt !== null || load.heardAt <= suspicion.since) continue;
      suspects.set(server, { ...suspicion, heardAt: now });
    }
    return [...suspects]
      .filter(([, suspicion]) => isProven(suspicion, now))
      .map(([server]) => ({ server, held: [...heldBy(server).values()] }));
  }

  function leftByEarlierRuns(): Gone[] {
    const ripe = [...newborn].filter(([server, { since }]) => {
      // Its reports went on for as long: this is its present run, not one whose successor is not heard yet.
      const seenAt = load.servers.get(server)?.seenAt;
      return since !== null && seenAt !== undefined && seenAt - since > silentMs;
    });
    return ripe.map(([server, { left }]) => {
      newborn.delete(server);
      return { server, held: [...left].flatMap((id) => heldBy(server).get(id) ?? []) };
    });
  }

  return {
    moved(request, before, next) {
      const [was, is] = [placeOf(before), placeOf(next)];
      if (was?.offer === is?.offer && before.phase === next.phase) return;
      if (was !== null) onServer.get(was.server)?.delete(was.offer);
      if (is === null) return;
      const { runStartedAt = null } = next.phase === "calling" ? next : {};
      put(is.server, is.offer, { is: "request", request, runStartedAt });
    },
    called(customer, before, next) {
      if (before.inbound === next.inbound) return;
      for (const { server, inboundId } of before.inbound) onServer.get(server)?.delete(inboundId);
      for (const line of next.inbound) put(line.server, line.inboundId, { is: "caller", customer, line });
    },
    listen() {
      listeningSince = steadyNow();
      lookedAt = listeningSince;
    },
    gone() {
      const now = steadyNow();
      if (now - lookedAt > LOOKING_GAP_MS) {
        listeningSince = now;
        for (const [server, { left }] of newborn) newborn.set(server, { since: null, left });
        probing ||= newborn.size > 0;
      }
      lookedAt = now;
      noticeRuns();
      return [...silentAndGone(now), ...leftByEarlierRuns()];
    },
    wantsProbe: () => probing,
    probed() {
      probing = false;
    },
    logHeard() {
      const now = steadyNow();
      for (const [server, suspicion] of suspects) {
        if (suspicion.committedAt === null) suspects.set(server, { ...suspicion, committedAt: now });
      }
      for (const [server, born] of newborn)
        if (born.since === null) newborn.set(server, { ...born, since: now });
    },
  };
}

/**
 * Told by the run itself: the server's clock may have been set back between two, and this desk may hear of a run
 * later than of what it took. An offer that the server has not answered runs out by itself.
 */
function isOfEarlierRun(held: Held, startedAt: Instant): boolean {
  if (held.is === "request") return held.runStartedAt !== null && held.runStartedAt !== startedAt;
  const { runStartedAt = null } = held.line;
  return runStartedAt === null ? held.line.startedAt < startedAt : runStartedAt !== startedAt;
}

function placeOf(state: RequestState): { readonly server: ServerId; readonly offer: OfferId } | null {
  return state.phase === "offered" || state.phase === "calling" ? state : null;
}
