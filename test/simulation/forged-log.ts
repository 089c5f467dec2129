/** A log written by hand, for the tests of the checks: what happened when, and nothing of it by the product. */
import { type Envelope, unownedEnvelope } from "../../domain/kernel/envelope.ts";
import type { RequestId, ServerId, Slot } from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { LoadReported } from "../../domain/server/load.ts";
import { SERVER } from "../support/sample-request.ts";
import type { Evidence } from "./evidence.ts";
import { createSimStore, type SimStore } from "./sim-store.ts";
import type { Violation } from "./violation.ts";

export type ForgedLog = {
  readonly store: SimStore;
  /** Events of a Request, numbered on; each written at `at`, by the owner of this epoch. */
  tell(at: number, request: RequestId, events: readonly RequestEvent[], epoch?: number): void;
  /** An owner takes partition 0. */
  take(at: number, epoch: number): void;
  /** Reports of a server from `from` to `until`, every two seconds, with so many free ports. */
  report(from: number, until: number, free: number, server?: ServerId): void;
};

const REPORT_EVERY_MS = 2_000;
const SLOT = 0 as Slot;

export function forgeLog(): ForgedLog {
  let now = 0;
  const store = createSimStore({ now: () => now } as never, { syncMs: 1, markers: 0, seed: 1 });
  const sequences = new Map<RequestId, number>();
  let written = 0;

  function envelopeOf(change: Partial<Envelope>): Envelope {
    written += 1;
    const id = `forged-${written}`;
    const blank = unownedEnvelope({
      id,
      source: "forger",
      subject: null,
      time: instant(now),
      causationId: null,
    });
    return { ...blank, ...change };
  }

  function write(message: RequestEvent, change: Partial<Envelope>): void {
    store.write({ events: [{ key: "k", slot: SLOT, envelope: envelopeOf(change), message }] });
  }

  return {
    store,
    tell(at, request, events, epoch = 1) {
      now = at;
      for (const message of events) {
        const sequence = (sequences.get(request) ?? 0) + 1;
        sequences.set(request, sequence);
        write(message, { subject: request, sequence, ownerEpoch: epoch });
      }
    },
    take(at, epoch) {
      now = at;
      const mark = { type: "OwnershipTaken", owner: "d", partition: 0, epoch, at: instant(at) } as const;
      write(mark, { ownerEpoch: epoch });
    },
    report(from, until, free, server = SERVER) {
      for (now = from; now <= until; now += REPORT_EVERY_MS) {
        const message = loadOf(server, free);
        store.write({ load: [{ key: server, slot: SLOT, envelope: envelopeOf({}), message }] });
      }
    },
  };
}

function loadOf(server: ServerId, ports: number): LoadReported {
  const none = {
    inUseOutbound: 0,
    inUseInbound: 0,
    held: 0,
    inboundReserve: 0,
    mediaLatenessMs: 0,
    glare: 0,
  };
  const times = { at: instant(0), startedAt: instant(0), lastInboundAt: null, lastFullToFreeAt: null };
  return { type: "LoadReported", server, ports, ...none, ...times, draining: false };
}

export function forgedEvidence({ store }: ForgedLog, change: Partial<Evidence> = {}): Evidence {
  return {
    store,
    truth: { calls: [], silences: [] },
    acknowledged: new Map(),
    broken: [],
    gateway: { board: null },
    timeline: { now: () => 0 },
    serverSilentMs: 10_000,
    ...change,
  };
}

/** What a check says, as "I8: …". */
export function foundBy(
  check: (report: (invariant: string, what: string) => void) => void,
): readonly string[] {
  const found: Violation[] = [];
  check((invariant, what) => void found.push({ invariant, what }));
  return found.map(({ invariant, what }) => `${invariant}: ${what}`);
}
