import { newRtpView, type RtpFault, type RtpView, readRtp } from "./rtp-packet.ts";
import { createSequenceCheck, type SequenceCheck, type SequenceVerdict } from "./sequence-check.ts";

/**
 * Whether a packet may be heard. Anybody can send UDP to a port of the range, so a stranger must neither be heard nor
 * press keys: the checks run in the order of what they cost, each with a counter of its own, and a packet that
 * fails one is as if it had been lost.
 */

/** A second of G.711 in packets of 10 ms, and half as many events beside it. Also the burst after a stall. */
export const PACKETS_PER_SECOND_MAX = 150;
/** RFC 3389 comfort noise: the peer says that it is silent. */
const COMFORT_NOISE = 13;
const NEW_SOURCE_PACKETS = 3;

export type ReceiveFault =
  | "foreign-source"
  | RtpFault
  | "unknown-payload"
  | "foreign-ssrc"
  | "probation"
  | "duplicate"
  | "bad-sequence"
  | "excess-rate";

export type Heard = {
  readonly kind: "audio" | "events" | "comfort-noise";
  /** A new stream begins: what was buffered of another one must go. */
  readonly restarted: boolean;
  /** False for a packet that came after its successor. */
  readonly inOrder: boolean;
  /** Reused: valid until the next packet. */
  readonly rtp: RtpView;
};

export type ReceiveAgreement = {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly anyPort: boolean;
  readonly audio: number;
  readonly events: number | null;
};

export type PacketSource = { readonly address: string; readonly port: number };

export interface ReceiveCheck {
  /** `nowMs` is monotonic. */
  check(packet: Uint8Array, source: PacketSource, nowMs: number): Heard | ReceiveFault;
  /** Numbers of the stream in use, for RTCP. */
  readonly sequence: SequenceCheck;
  /** Null until a packet was heard. */
  readonly ssrc: number | null;
}

export function createReceiveCheck(agreement: ReceiveAgreement): ReceiveCheck {
  const rtp = newRtpView();
  const heard = { kind: "audio" as Heard["kind"], restarted: false, inOrder: true, rtp };
  const allow = createRateLimit();
  let sequence = createSequenceCheck();
  let ssrc: number | null = null;
  let candidate = { ssrc: 0, next: -1, count: 0 };

  function kindOf(payloadType: number): Heard["kind"] | null {
    if (payloadType === agreement.audio) return "audio";
    if (payloadType === agreement.events) return "events";
    return payloadType === COMFORT_NOISE ? "comfort-noise" : null;
  }

  /** RFC 3550 8.2 leaves to us what a second source means: a stranger, until it has sent three in a row. */
  function fromNewSource(): SequenceVerdict | "foreign-ssrc" {
    const continues = candidate.ssrc === rtp.ssrc && candidate.next === rtp.sequence;
    candidate = {
      ssrc: rtp.ssrc,
      next: (rtp.sequence + 1) & 0xffff,
      count: continues ? candidate.count + 1 : 1,
    };
    if (candidate.count < NEW_SOURCE_PACKETS) return "foreign-ssrc";
    candidate = { ssrc: 0, next: -1, count: 0 };
    ssrc = rtp.ssrc;
    sequence = createSequenceCheck();
    sequence.check((rtp.sequence + 0xffff) & 0xffff);
    return sequence.check(rtp.sequence);
  }

  return {
    check(packet, source, nowMs) {
      if (!isAgreedSource(agreement, source)) return "foreign-source";
      const fault = readRtp(packet, rtp);
      if (fault !== null) return fault;
      const kind = kindOf(rtp.payloadType);
      if (kind === null) return "unknown-payload";
      ssrc ??= rtp.ssrc;
      const verdict = rtp.ssrc === ssrc ? sequence.check(rtp.sequence) : fromNewSource();
      if (verdict !== "next" && verdict !== "reordered" && verdict !== "restarted") return verdict;
      if (!allow(nowMs)) return "excess-rate";
      heard.kind = kind;
      heard.restarted = verdict === "restarted";
      heard.inOrder = verdict !== "reordered";
      return heard;
    },
    get sequence() {
      return sequence;
    },
    get ssrc() {
      return ssrc;
    },
  };
}

function isAgreedSource(agreement: ReceiveAgreement, source: PacketSource): boolean {
  return (
    source.address === agreement.remoteAddress && (agreement.anyPort || source.port === agreement.remotePort)
  );
}

/** A bucket that holds a second's worth. */
function createRateLimit(): (nowMs: number) => boolean {
  let left = PACKETS_PER_SECOND_MAX;
  let lastMs = Number.NaN;
  return (nowMs) => {
    if (Number.isNaN(lastMs)) lastMs = nowMs;
    left = Math.min(PACKETS_PER_SECOND_MAX, left + ((nowMs - lastMs) * PACKETS_PER_SECOND_MAX) / 1_000);
    lastMs = nowMs;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
