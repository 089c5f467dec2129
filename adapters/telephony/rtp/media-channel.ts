/** The media of one call inside the media thread: what happens each 20 ms, and at each packet. Sockets stay outside. */
import type { Digit } from "../../../domain/ports/telephony.ts";
import { g711 } from "../audio/g711.ts";
import { createToneDetector, type ToneDetector } from "../audio/tone-detector.ts";
import type { MediaAgreement } from "../media-plane.ts";
import type { Play } from "./clip-player.ts";
import { createDigitMerge, type DigitSource } from "./digit-merge.ts";
import { createEarlySender } from "./early-sender.ts";
import type { MediaCounter } from "./media-counters.ts";
import type { PacketSource } from "./receive-check.ts";
import { createReceiveStream, type ReceivedFrame, type ReceiveStream } from "./receive-stream.ts";
import { createRtcpSession, type RtcpSession } from "./rtcp-session.ts";
import { createSendStream, type SendStream } from "./send-stream.ts";
import { writeSessionStats } from "./session-stats.ts";
import type { Wheel, WheelMember } from "./wheel.ts";

/** Neither RTP nor RTCP for so long, outside hold: the other side is gone. */
export const MEDIA_TIMEOUT_MS = 20_000;
/** After a blocked thread the listeners' clocks are put right by at most this many frames at once. */
const FRAMES_CAUGHT_UP_MAX = 50;

export type MediaChannelOptions = {
  readonly stats: Float64Array;
  readonly cname: string;
  readonly now: () => number;
  readonly wallNow: () => number;
  readonly random32: () => number;
  readonly draw: () => number;
  readonly count: (what: MediaCounter, times?: number) => void;
  readonly sendRtp: (packet: Uint8Array) => void;
  readonly sendRtcp: (packet: Uint8Array) => void;
  readonly onDigit: (digit: Digit, atMs: number) => void;
  readonly onFrame: (frame: ReceivedFrame) => void;
  readonly onTimeout: () => void;
  /** For what cannot wait for the call's own turn. */
  readonly wheel: Pick<Wheel, "joinNext" | "leave">;
};

export interface MediaChannel extends WheelMember {
  readonly sending: SendStream;
  /** The first packet leaves at the next slot of the wheel. */
  play(play: Play): void;
  /** A key that came by another way than this stream. */
  hearDigit(digit: Digit): void;
  /** Begins, or moves: a new stream is taken up from the new source. */
  connect(agreement: MediaAgreement): void;
  receiveRtp(packet: Uint8Array, source: PacketSource): void;
  receiveRtcp(packet: Uint8Array, source: PacketSource): void;
  /** Whether each received frame is handed on. */
  listen(on: boolean): void;
  /** Ends what plays and says goodbye in RTCP. */
  close(): void;
}

type Connected = {
  readonly agreement: MediaAgreement;
  readonly receiving: ReceiveStream;
  readonly rtcp: RtcpSession;
  /** Only where telephone-event was not agreed: with both every key would come twice. */
  readonly tones: ToneDetector | null;
};

export function createMediaChannel(options: MediaChannelOptions): MediaChannel {
  const { stats, now, wallNow, count, onTimeout } = options;
  const sending = createSendStream(options.random32);
  let connected: Connected | null = null;
  let listening = false;
  let heardAtMs = now();
  let timedOut = false;
  /** Of streams before a move. */
  const before = { received: 0, concealed: 0 };

  const merge = createDigitMerge();
  const early = createEarlySender({
    wheel: options.wheel,
    isIdle: () => sending.idle || connected?.agreement.sending !== true,
    send: sendNext,
  });

  function onKey(digit: Digit, source: DigitSource, atMs: number): void {
    if (!merge.isNew(digit, source, atMs)) return count("key-repeated");
    sending.onKey();
    options.onDigit(digit, atMs);
  }

  function receivingFrom(agreement: MediaAgreement): ReceiveStream {
    return createReceiveStream({
      agreement: {
        remoteAddress: agreement.remoteAddress,
        remotePort: agreement.remotePort,
        anyPort: agreement.sourceCheck === "any-port",
        audio: agreement.payloadType,
        events: agreement.receiveEventsAs,
      },
      law: g711(agreement.codec),
      onKey: (digit, atMs) => onKey(digit, "event", atMs),
      count,
    });
  }

  function publish({ receiving, rtcp }: Connected): void {
    writeSessionStats(stats, {
      received: before.received + receiving.received,
      concealed: before.concealed + receiving.concealed,
      sent: sending.packets,
      jitterMs: receiving.jitterMs,
      roundTripMs: rtcp.remote.roundTripMs ?? 0,
    });
  }

  function send(lost: number, nowMs: number): void {
    if (lost > 0) {
      count("frames-skipped", lost);
      sending.skip(lost);
    }
    if (!early.covers(nowMs)) sendNext();
  }

  function sendNext(): void {
    const packet = sending.next();
    if (packet !== null) options.sendRtp(packet);
  }

  /** The frame that an early packet has counted is not counted again. */
  function hold(lost: number, nowMs: number): void {
    sending.skip(lost + (early.covers(nowMs) ? 0 : 1));
  }

  function hear({ receiving, tones }: Connected, nowMs: number, lost: number): void {
    const frames = 1 + Math.min(lost, FRAMES_CAUGHT_UP_MAX);
    for (let i = 0; i < frames; i += 1) {
      const frame = receiving.next(nowMs);
      tones?.hear(frame.samples);
      if (listening) options.onFrame(frame);
    }
  }

  function watch(agreement: MediaAgreement, nowMs: number): void {
    if (!agreement.sending) heardAtMs = nowMs;
    if (timedOut || nowMs - heardAtMs < MEDIA_TIMEOUT_MS) return;
    timedOut = true;
    onTimeout();
  }

  return {
    sending,
    connect(agreement) {
      heardAtMs = now();
      sending.format({
        law: g711(agreement.codec),
        payloadType: agreement.payloadType,
        events: agreement.sendEventsAs,
      });
      if (connected !== null && sameStream(connected.agreement, agreement)) {
        connected = { ...connected, agreement };
        return;
      }
      before.received += connected?.receiving.received ?? 0;
      before.concealed += connected?.receiving.concealed ?? 0;
      const receiving = receivingFrom(agreement);
      const { cname, draw } = options;
      const tones =
        agreement.receiveEventsAs === null
          ? createToneDetector((digit) => onKey(digit, "tone", now()))
          : null;
      const rtcp = createRtcpSession({ sending, receiving, cname, draw });
      connected = { agreement, receiving, rtcp, tones };
    },
    play(play) {
      sending.play(play);
      if (connected !== null && !sending.idle) early.begin();
    },
    hearDigit: (digit) => onKey(digit, "info", now()),
    receiveRtp(packet, source) {
      const nowMs = now();
      // Nothing is believed before the answer is known.
      if (connected?.receiving.receive(packet, source, nowMs) === true) heardAtMs = nowMs;
    },
    receiveRtcp(packet, source) {
      if (connected === null) return;
      if (source.address !== connected.agreement.remoteAddress) {
        count("foreign-source");
        return;
      }
      const nowMs = now();
      if (connected.rtcp.receive(packet, nowMs, wallNow())) heardAtMs = nowMs;
      else count("bad-rtcp");
    },
    turn(nowMs, lost) {
      if (connected === null) return;
      if (connected.agreement.sending) send(lost, nowMs);
      else hold(lost, nowMs);
      hear(connected, nowMs, lost);
      watch(connected.agreement, nowMs);
      publish(connected);
      const report = connected.rtcp.due(nowMs, wallNow());
      if (report !== null) options.sendRtcp(report);
    },
    listen(on) {
      listening = on;
    },
    close() {
      early.end();
      sending.close();
      if (connected === null) return;
      publish(connected);
      options.sendRtcp(connected.rtcp.goodbye(now(), wallNow()));
    },
  };
}

/** A re-INVITE that only holds or resumes must not throw away the stream that runs. */
function sameStream(a: MediaAgreement, b: MediaAgreement): boolean {
  return (
    a.remoteAddress === b.remoteAddress &&
    a.remotePort === b.remotePort &&
    a.codec === b.codec &&
    a.payloadType === b.payloadType &&
    a.receiveEventsAs === b.receiveEventsAs &&
    a.sourceCheck === b.sourceCheck
  );
}
