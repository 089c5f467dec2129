import { describe, expect, test } from "vitest";
import { dtmfTone } from "../../../../adapters/telephony/audio/dtmf-tone.ts";
import type { MediaAgreement } from "../../../../adapters/telephony/media-plane.ts";
import {
  createMediaChannel,
  MEDIA_TIMEOUT_MS,
  type MediaChannel,
} from "../../../../adapters/telephony/rtp/media-channel.ts";
import { parseRtcp, writeReport } from "../../../../adapters/telephony/rtp/rtcp-packet.ts";
import {
  newSessionStats,
  readSessionStats,
  type SessionStats,
} from "../../../../adapters/telephony/rtp/session-stats.ts";
import { audioPacket, EVENTS, keyPacket, PEER } from "./rtp-bench.ts";

const AGREEMENT: MediaAgreement = {
  remoteAddress: PEER.address,
  remotePort: PEER.port,
  codec: "PCMU",
  payloadType: 0,
  sendEventsAs: EVENTS,
  receiveEventsAs: EVENTS,
  sourceCheck: "strict",
  sending: true,
};

type Bench = {
  readonly channel: MediaChannel;
  readonly rtp: Uint8Array[];
  readonly rtcp: Uint8Array[];
  readonly heard: { timeouts: number; frames: number; keys: string };
  /** A turn each 20 ms; `arrives` says what comes before it. */
  readonly run: (lengthMs: number, arrives?: (turn: number) => Uint8Array | null) => void;
  readonly stats: () => SessionStats;
};

function bench(): Bench {
  let nowMs = 0;
  let turn = 0;
  const stats = newSessionStats();
  const rtp: Uint8Array[] = [];
  const rtcp: Uint8Array[] = [];
  const heard = { timeouts: 0, frames: 0, keys: "" };
  const channel = createMediaChannel({
    stats,
    cname: "x",
    now: () => nowMs,
    wallNow: () => 1_700_000_000_000 + nowMs,
    random32: () => 5,
    draw: () => 0.5,
    count: () => undefined,
    sendRtp: (packet) => rtp.push(packet),
    sendRtcp: (packet) => rtcp.push(packet),
    onDigit: (digit) => {
      heard.keys += digit;
    },
    onFrame: () => {
      heard.frames += 1;
    },
    onTimeout: () => {
      heard.timeouts += 1;
    },
    wheel: { joinNext: () => undefined, leave: () => undefined },
  });
  return {
    channel,
    rtp,
    rtcp,
    heard,
    stats: () => readSessionStats(stats),
    run(lengthMs, arrives = () => null) {
      for (let i = 0; i < lengthMs / 20; i += 1) {
        nowMs += 20;
        const packet = arrives(turn);
        turn += 1;
        if (packet !== null) channel.receiveRtp(packet, PEER);
        channel.turn(nowMs, 0);
      }
    },
  };
}

describe("the media of a call", () => {
  test("is silent and deaf before the answer is known", () => {
    const { channel, rtp, run, stats, heard } = bench();
    run(1_000, (n) => audioPacket(n));
    channel.receiveRtcp(writeReport({ ssrc: 1, sent: null, block: null, cname: "y", goodbye: false }), PEER);
    expect([rtp.length, stats().received, heard.timeouts]).toEqual([0, 0, 0]);
  });

  test("times out once, after 20 s without RTP or RTCP", () => {
    const { channel, run, heard } = bench();
    channel.connect(AGREEMENT);
    run(5_000, (n) => audioPacket(n));
    run(MEDIA_TIMEOUT_MS - 20);
    expect(heard.timeouts).toBe(0);
    channel.receiveRtcp(writeReport({ ssrc: 1, sent: null, block: null, cname: "y", goodbye: false }), PEER);
    run(MEDIA_TIMEOUT_MS - 20);
    expect(heard.timeouts).toBe(0);
    run(60_000);
    expect(heard.timeouts).toBe(1);
  });

  test("reports of a stranger keep no call alive", () => {
    const { channel, run, heard } = bench();
    channel.connect(AGREEMENT);
    run(MEDIA_TIMEOUT_MS - 20);
    const report = writeReport({ ssrc: 1, sent: null, block: null, cname: "y", goodbye: false });
    channel.receiveRtcp(report, { ...PEER, address: "203.0.113.9" });
    channel.receiveRtcp(Buffer.from("nonsense"), PEER);
    run(40);
    expect(heard.timeouts).toBe(1);
  });

  test("on hold nothing is sent, nothing times out, and reports go on", () => {
    const { channel, rtp, rtcp, run, heard } = bench();
    channel.connect({ ...AGREEMENT, sending: false });
    run(60_000);
    expect([rtp.length, heard.timeouts]).toEqual([0, 0]);
    expect(rtcp.length).toBeGreaterThan(8);
    channel.connect(AGREEMENT);
    run(100);
    expect(rtp).toHaveLength(5);
  });

  test("a re-INVITE that only resumes keeps the stream; one that moves takes up a new one and keeps the counts", () => {
    const { channel, run, stats } = bench();
    channel.connect(AGREEMENT);
    run(1_000, (n) => audioPacket(n));
    channel.connect({ ...AGREEMENT, sending: true });
    run(1_000, (n) => audioPacket(n));
    expect(stats().received).toBe(99);
    channel.connect({ ...AGREEMENT, remotePort: 5_000 });
    run(1_000, (n) => audioPacket(n));
    expect(stats().received).toBe(99);
    channel.connect(AGREEMENT);
    run(1_000, (n) => audioPacket(n));
    expect(stats().received).toBe(99 + 49);
    expect(stats().sent).toBe(200);
  });

  test("frames are handed on only while somebody listens, 50 a second, also when nothing comes", () => {
    const { channel, run, heard } = bench();
    channel.connect(AGREEMENT);
    run(1_000);
    expect(heard.frames).toBe(0);
    channel.listen(true);
    run(1_000);
    expect(heard.frames).toBe(50);
    // The thread was blocked: the listener's clock is put right, within limits.
    channel.turn(2_200, 9);
    expect(heard.frames).toBe(60);
    channel.turn(50_000, 2_000);
    expect(heard.frames).toBe(60 + 51);
  });

  test("K04: a prompt that yields to keys stops at the first packet of a key", () => {
    const { channel, run, heard } = bench();
    channel.connect(AGREEMENT);
    const ends: string[] = [];
    const clips = [new Int16Array(80_000)];
    channel.sending.play({ clips, stopOnDigit: true, onEnd: ({ why }) => ends.push(why) });
    run(100, (n) => audioPacket(n));
    expect(ends).toEqual([]);
    channel.receiveRtp(keyPacket(5, { event: 9, duration: 160 }, { timestamp: 800, marker: true }), PEER);
    expect([ends, heard.keys]).toEqual([["digit"], "9"]);
  });

  test("a key by SIP stops the prompt that yields to keys, and counts once where it comes as an event too", () => {
    const { channel, run, heard } = bench();
    channel.connect(AGREEMENT);
    const ends: string[] = [];
    const clips = [new Int16Array(80_000)];
    channel.play({ clips, stopOnDigit: true, onEnd: ({ why }) => ends.push(why) });
    run(100, (n) => audioPacket(n));
    channel.hearDigit("9");
    channel.receiveRtp(keyPacket(5, { event: 9, duration: 160 }, { timestamp: 800, marker: true }), PEER);
    expect([ends, heard.keys]).toEqual([["digit"], "9"]);
  });

  test("keys are heard in the audio only where no events were agreed: else each would come twice", () => {
    for (const [receiveEventsAs, keys] of [
      [null, "7"],
      [EVENTS, ""],
    ] as const) {
      const { channel, run, heard } = bench();
      channel.connect({ ...AGREEMENT, receiveEventsAs });
      const tone = dtmfTone("7");
      run(400, (n) => audioPacket(n, n < 5 ? tone.subarray(n * 160, (n + 1) * 160) : null));
      expect(heard.keys).toBe(keys);
    }
  });

  test("ends with a goodbye, and with what was playing", () => {
    const { channel, rtcp, run } = bench();
    channel.connect(AGREEMENT);
    const ends: string[] = [];
    channel.sending.play({
      clips: [new Int16Array(800)],
      stopOnDigit: true,
      onEnd: ({ why }) => ends.push(why),
    });
    run(40);
    channel.close();
    expect(ends).toEqual(["hangup"]);
    expect(parseRtcp(rtcp.at(-1) ?? Buffer.alloc(0))?.goodbye).toBe(true);
  });
});
