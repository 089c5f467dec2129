import type { ReceiveStream } from "./receive-stream.ts";
import { middleOfNtp, parseRtcp, type ReportBlock, writeReport } from "./rtcp-packet.ts";
import type { SendStream } from "./send-stream.ts";

/** RFC 3550 6.2: 5 s for two parties at telephone rates, spread so that calls do not report in step. */
const INTERVAL_MS = 5_000;

type RemoteView = {
  /** Null until our report was echoed. */
  readonly roundTripMs: number | null;
  /** Of our packets, as the other side last said, 0 … 1. */
  readonly fractionLost: number;
};

/** The reports of one call. Time is given: `nowMs` monotonic, `wallMs` since 1970. */
export interface RtcpSession {
  /** A compound packet when one is due. */
  due(nowMs: number, wallMs: number): Buffer | null;
  /** The last report, with BYE. */
  goodbye(nowMs: number, wallMs: number): Buffer;
  /** False when the packet is no RTCP. The caller has checked where it came from. */
  receive(packet: Uint8Array, nowMs: number, wallMs: number): boolean;
  readonly remote: RemoteView;
}

export type RtcpSessionOptions = {
  readonly sending: SendStream;
  readonly receiving: ReceiveStream;
  readonly cname: string;
  /** Uniform in [0, 1). */
  readonly draw: () => number;
};

export function createRtcpSession({ sending, receiving, cname, draw }: RtcpSessionOptions): RtcpSession {
  let nextMs: number | null = null;
  let reportedPackets = 0;
  let before = { expected: 0, received: 0 };
  let heardReport: { readonly middleNtp: number; readonly atMs: number } | null = null;
  let remote: RemoteView = { roundTripMs: null, fractionLost: 0 };

  // RFC 3550 A.3: of what the sequence numbers say was sent since the last report, how much came?
  function block(nowMs: number): ReportBlock | null {
    const { ssrc, sequence } = receiving.check;
    if (ssrc === null) return null;
    const { expected } = sequence;
    const { received } = receiving;
    const expectedNow = expected - before.expected;
    const lostNow = expectedNow - (received - before.received);
    before = { expected, received };
    return {
      ssrc,
      fractionLost: expectedNow <= 0 || lostNow <= 0 ? 0 : Math.floor((lostNow * 256) / expectedNow),
      lost: expected - received,
      highestSequence: sequence.highest,
      jitter: receiving.jitterMs * 8,
      lastReport: heardReport?.middleNtp ?? 0,
      delaySinceLast: heardReport === null ? 0 : ((nowMs - heardReport.atMs) * 65_536) / 1_000,
    };
  }

  function report(nowMs: number, wallMs: number, goodbye: boolean): Buffer {
    const { ssrc, timestamp, packets, octets } = sending;
    const sent = packets > reportedPackets ? { wallMs, timestamp, packets, octets } : null;
    reportedPackets = packets;
    return writeReport({ ssrc, sent, block: block(nowMs), cname, goodbye });
  }

  return {
    due(nowMs, wallMs) {
      // The first one after half the time, so that short calls report, too.
      nextMs ??= nowMs + INTERVAL_MS * 0.5 * (0.5 + draw());
      if (nowMs < nextMs) return null;
      nextMs = nowMs + INTERVAL_MS * (0.5 + draw());
      return report(nowMs, wallMs, false);
    },
    goodbye(nowMs, wallMs) {
      return report(nowMs, wallMs, true);
    },
    receive(packet, nowMs, wallMs) {
      const heard = parseRtcp(packet);
      if (heard === null) return false;
      if (heard.middleNtp !== null) heardReport = { middleNtp: heard.middleNtp, atMs: nowMs };
      const ours = heard.blocks.find(({ ssrc }) => ssrc === sending.ssrc);
      if (ours !== undefined) {
        remote = {
          roundTripMs: roundTrip(ours, wallMs) ?? remote.roundTripMs,
          fractionLost: ours.fractionLost / 256,
        };
      }
      return true;
    },
    get remote() {
      return remote;
    },
  };
}

function roundTrip({ lastReport, delaySinceLast }: ReportBlock, wallMs: number): number | null {
  if (lastReport === 0) return null;
  const units = (middleOfNtp(wallMs) - lastReport - delaySinceLast) >>> 0;
  // A stray echo gives nonsense, an honest one never more than a minute.
  return units > 60 * 0x1_0000 ? null : (units * 1_000) / 0x1_0000;
}
