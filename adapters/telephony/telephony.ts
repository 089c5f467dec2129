/**
 * The telephone network over SIP trunks: implements the port `domain/ports/telephony.ts`. Counts channels per
 * trunk, keeps its calls, and knows nothing of Requests, policy or ports of the house.
 */
import { type Milliseconds, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type {
  Call,
  CallOrder,
  CallProgress,
  IncomingAnswer,
  IncomingCall,
  Telephony,
} from "../../domain/ports/telephony.ts";
import type { MediaPlane } from "./media-plane.ts";
import { NO_MEDIA, noEvidence } from "./sip/call-evidence.ts";
import { createSipEndpoint, type SipLimits } from "./sip/endpoint.ts";
import { CALL_TIMERS, type CallTimers, placeCall, type RunningCall } from "./sip/placed-call.ts";
import type { IncomingInvite, SipEndpoint } from "./sip/signalling.ts";
import { takeCall } from "./sip/taken-call.ts";
import { openTrunk, type Trunk, type TrunkConfig } from "./sip/trunk.ts";
import { type TrunkHealth, watchTrunk } from "./sip/trunk-health.ts";

export type TelephonyConfig = {
  readonly sip: {
    /** Literal address of this machine that trunks can send to; stands in Via and Contact. */
    readonly listenAddress: string;
    /** UDP; 5060 is usual, 0 any free one. */
    readonly listenPort: number;
  };
  /** Literal address of this machine for audio; stands in our SDP. */
  readonly mediaAddress: string;
  /** From of calls whose order names no number, e.g. user "reveille", host "reveille.example". */
  readonly identity: { readonly user: string; readonly host: string };
  readonly trunks: readonly TrunkConfig[];
  /** Trunks and audio at 127.0.0.0/8: for development and tests only. */
  readonly allowLoopback: boolean;
  readonly timers?: Partial<CallTimers>;
  readonly limits?: Partial<SipLimits>;
};

export type TelephonyPorts = {
  readonly media: MediaPlane;
  readonly clock: Clock;
  readonly log: OperatorLog;
  /** For tests: true loses the SIP datagram. */
  readonly lose?: (direction: "in" | "out") => boolean;
};

/** What `stop` waits for its CANCELs to end the calls that ring, and again for the answers to its BYEs. */
const STOP_PATIENCE_MS: Milliseconds = milliseconds(2_000);
const RETRY_AFTER_SECONDS = 10;

export type SipTelephony = Telephony & {
  /** Where SIP is listened for; null before `start`. */
  readonly sipAddress: () => { readonly host: string; readonly port: number } | null;
  /** What was dropped, refused and repeated since the start, by name. */
  readonly counters: () => ReadonlyMap<string, number>;
  readonly channelsInUse: () => ReadonlyMap<string, number>;
};

export function createTelephony(config: TelephonyConfig, ports: TelephonyPorts): SipTelephony {
  const { clock, log } = ports;
  const calls = new Set<RunningCall>();
  const inUse = new Map<string, number>();
  const healths = new Map<string, TrunkHealth>();
  let trunks: readonly Trunk[] = [];
  let endpoint: SipEndpoint | null = null;
  let stopping = false;
  let onIdle: (() => void) | null = null;

  const onFault = (what: string, error: unknown): void => log.error(what, { error });

  function seize(trunk: Trunk): () => void {
    const { name } = trunk.config;
    inUse.set(name, (inUse.get(name) ?? 0) + 1);
    return () => void inUse.set(name, (inUse.get(name) ?? 1) - 1);
  }

  function freeChannels({ config: { name, channels } }: Trunk): number {
    return channels - (inUse.get(name) ?? 0);
  }

  function isFull(trunk: Trunk): boolean {
    return freeChannels(trunk) <= 0;
  }

  function forget(call: RunningCall): void {
    calls.delete(call);
    if (calls.size === 0) onIdle?.();
  }

  async function allEnded(patience: Milliseconds): Promise<void> {
    if (calls.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    onIdle = resolve;
    const cancel = clock.schedule(patience, resolve);
    await promise;
    cancel();
  }

  function watch(trunk: Trunk, of: SipEndpoint): void {
    const { name, port } = trunk.config;
    const target = { user: config.identity.user, host: trunk.address, port };
    const health = watchTrunk({
      clock,
      ask: () => of.ask(target),
      onChange: (isUp) => log.warn(isUp ? "trunk answers again" : "trunk does not answer", { trunk: name }),
    });
    healths.set(name, health);
  }

  function isDown({ config: { name } }: Trunk): boolean {
    return healths.get(name)?.isUp() === false;
  }

  /** The trunk with the most free channels; null when all are full or down. */
  function chooseTrunk(): Trunk | null {
    const [best] = trunks
      .filter((trunk) => !isDown(trunk))
      .toSorted((one, other) => freeChannels(other) - freeChannels(one));
    return best === undefined || isFull(best) ? null : best;
  }

  function place(order: CallOrder, onProgress: (progress: CallProgress) => void): Call {
    const trunk = chooseTrunk();
    if (endpoint === null || trunk === null || stopping) {
      log.warn("no trunk for a call", { offer: order.offer, started: endpoint !== null, stopping });
      return refuseOrder(onProgress);
    }
    const release = seize(trunk);
    const call = placeCall({
      order,
      trunk,
      endpoint,
      media: ports.media,
      mediaAddress: config.mediaAddress,
      identity: config.identity,
      clock,
      timers: { ...CALL_TIMERS, ...config.timers },
      onFault,
      onProgress(progress) {
        if (progress.type === "ended") {
          forget(call);
          release();
        }
        onProgress(progress);
      },
    });
    calls.add(call);
    return call;
  }

  /** Nothing left the house. Told in a later turn: callers expect no progress before they have their call. */
  function refuseOrder(onProgress: (progress: CallProgress) => void): Call {
    queueMicrotask(() =>
      onProgress({
        type: "ended",
        ending: {
          ...noEvidence(null),
          endedBy: "us",
          localCause: "transport-failed",
          endedAt: clock.now(),
          media: NO_MEDIA,
        },
      }),
    );
    return { hangUp: () => undefined };
  }

  function receive(invite: IncomingInvite, onIncoming: (call: IncomingCall) => IncomingAnswer): void {
    const trunk = trunks.find(({ config: { name } }) => name === invite.peer);
    if (trunk === undefined || stopping || isFull(trunk)) {
      invite.reject(503, [{ name: "Retry-After", value: String(RETRY_AFTER_SECONDS) }]);
      return;
    }
    const release = seize(trunk);
    const taken: RunningCall | null = takeCall({
      invite,
      trunk,
      media: ports.media,
      mediaAddress: config.mediaAddress,
      clock,
      onIncoming,
      onFault,
      onOver() {
        if (taken !== null) forget(taken);
        release();
      },
    });
    if (taken === null) release();
    else calls.add(taken);
  }

  return {
    async start(onIncoming) {
      trunks = await Promise.all(config.trunks.map((trunk) => openTrunk(trunk, config.allowLoopback)));
      endpoint = await createSipEndpoint({
        ...config.sip,
        transport: "udp",
        peers: trunks.map(({ peer }) => peer),
        user: config.identity.user,
        clock,
        log,
        onInvite: (invite) => receive(invite, onIncoming),
        ...(config.limits === undefined ? {} : { limits: config.limits }),
        ...(ports.lose === undefined ? {} : { lose: ports.lose }),
      });
      for (const trunk of trunks) if (trunk.config.asked === true) watch(trunk, endpoint);
    },
    place: (order, _permit, onProgress) => place(order, onProgress),
    mediaLatenessMs: () => ports.media.latenessMs(),
    drain: (on) => endpoint?.drain(on),
    async stop() {
      stopping = true;
      for (const health of healths.values()) health.stop();
      for (const call of calls) call.hangUp();
      await allEnded(STOP_PATIENCE_MS);
      for (const call of calls) call.abandon();
      await endpoint?.settled(STOP_PATIENCE_MS);
      await endpoint?.close();
      endpoint = null;
    },
    sipAddress: () => endpoint?.local ?? null,
    counters: () => endpoint?.counters() ?? new Map(),
    channelsInUse: () => inUse,
  };
}
