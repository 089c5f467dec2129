import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { g711 } from "../../../../adapters/telephony/audio/g711.ts";
import type { MediaCounter } from "../../../../adapters/telephony/rtp/media-counters.ts";
import {
  createReceiveStream,
  type ReceiveStream,
} from "../../../../adapters/telephony/rtp/receive-stream.ts";
import { joined, rms, sine } from "../../../support/audio.ts";
import { audioPacket, EVENTS, keyPacket, PEER } from "./rtp-bench.ts";

type Line = {
  readonly stream: ReceiveStream;
  readonly keys: string[];
  readonly counts: Map<MediaCounter, number>;
};

function line(): Line {
  const keys: string[] = [];
  const counts = new Map<MediaCounter, number>();
  const stream = createReceiveStream({
    agreement: {
      remoteAddress: PEER.address,
      remotePort: PEER.port,
      anyPort: false,
      audio: 0,
      events: EVENTS,
    },
    law: g711("PCMU"),
    onKey: (key) => keys.push(key),
    count: (what) => counts.set(what, (counts.get(what) ?? 0) + 1),
  });
  return { stream, keys, counts };
}

/** Each turn some packets come, then a frame is read. */
function run(
  stream: ReceiveStream,
  turns: readonly (readonly Uint8Array[])[],
): readonly { frame: Int16Array; concealed: boolean }[] {
  return turns.map((packets, turn) => {
    for (const packet of packets) stream.receive(packet, PEER, turn * 20);
    const { samples, concealed } = stream.next(turn * 20);
    return { frame: samples.slice(), concealed };
  });
}

const TONE = sine({ hz: 200, ms: 20 });

/** Packets 30 … 36 are a key of five frames, its end sent three times. */
const key = (n: number): Uint8Array =>
  keyPacket(
    n,
    { event: 5, duration: (n - 29) * 160, end: n >= 34 },
    { timestamp: 30 * 160, marker: n === 30 },
  );

describe("what we hear", () => {
  test("I16, I17: lost packets are replaced, marked and counted", () => {
    const { stream } = line();
    const turns = Array.from({ length: 100 }, (_, n) => (n % 20 === 10 ? [] : [audioPacket(n, TONE)]));
    const heard = run(stream, turns);
    expect(heard.filter(({ concealed }) => concealed)).toHaveLength(5);
    expect(heard.filter(({ frame, concealed }) => concealed && rms(frame) > 2_000)).toHaveLength(5);
    expect(stream.concealed).toBe(5);
    // The first packet was on probation.
    expect(stream.received).toBe(94);
  });

  test("a peer that pauses has lost nothing", () => {
    const { stream } = line();
    // Sequence numbers run on, timestamps jump over the pause.
    const turns = Array.from({ length: 100 }, (_, turn) => {
      if (turn >= 30 && turn < 60) return [];
      const n = turn < 30 ? turn : turn - 30;
      return [audioPacket(n, TONE, { timestamp: turn * 160 })];
    });
    run(stream, turns);
    expect(stream.concealed).toBe(0);
  });

  test("silence that is announced is not concealed", () => {
    const { stream } = line();
    const turns = Array.from({ length: 60 }, (_, n) => {
      if (n < 30) return [audioPacket(n, TONE)];
      return n === 30 ? [audioPacket(30, null, { payloadType: 13 })] : [];
    });
    const heard = run(stream, turns).slice(35);
    expect(heard.every(({ frame, concealed }) => !concealed && rms(frame) === 0)).toBe(true);
    expect(stream.concealed).toBe(0);
  });

  test("when packets stop for good, only what was audibly replaced counts", () => {
    const { stream } = line();
    run(stream, [
      ...Array.from({ length: 50 }, (_, n) => [audioPacket(n, TONE)]),
      ...Array.from({ length: 500 }, () => []),
    ]);
    expect(stream.concealed).toBe(3);
  });

  test("a key counts at its first packet, and the audio that pauses for it is not missed", () => {
    const { stream, keys } = line();
    const turns = Array.from({ length: 80 }, (_, n) => [n >= 30 && n < 37 ? key(n) : audioPacket(n, TONE)]);
    const before = run(stream, turns.slice(0, 31));
    expect(keys).toEqual(["5"]);
    const after = run(stream, turns.slice(31));
    expect([...before, ...after].filter(({ concealed }) => concealed)).toEqual([]);
    expect(keys).toEqual(["5"]);
  });

  test("a stranger presses no keys", () => {
    const { stream, keys, counts } = line();
    run(stream, [[audioPacket(0)], [audioPacket(1)]]);
    const press = keyPacket(2, { event: 1, duration: 160 }, { timestamp: 320 });
    stream.receive(press, { ...PEER, address: "203.0.113.5" }, 40);
    stream.receive(keyPacket(2, { event: 1, duration: 160 }, { timestamp: 320, ssrc: 99 }), PEER, 40);
    expect(keys).toEqual([]);
    expect(counts.get("foreign-source")).toBe(1);
    expect(counts.get("foreign-ssrc")).toBe(1);
  });

  test("a new source is heard alone, without what was buffered of the old one", () => {
    const { stream } = line();
    const old = Array.from({ length: 10 }, (_, n) => [audioPacket(n, TONE)]);
    const fresh = Array.from({ length: 10 }, (_, n) => [audioPacket(500 + n, null, { ssrc: 7 })]);
    const heard = run(stream, [...old, ...fresh]);
    expect(rms(joined(heard.slice(-6).map(({ frame }) => frame)))).toBe(0);
  });

  test("whatever comes, in whatever order, each turn gives a frame and the counts add up", () => {
    const arrivals = fc.array(fc.array(fc.nat(120), { maxLength: 4 }), { maxLength: 100 });
    fc.assert(
      fc.property(arrivals, (turns) => {
        const { stream, counts } = line();
        const heard = run(
          stream,
          turns.map((numbers) => numbers.map((n) => audioPacket(n, TONE))),
        );
        expect(heard.every(({ frame }) => frame.every((sample) => sample !== -0x8000))).toBe(true);
        const late = counts.get("late") ?? 0;
        const refused = [...counts.values()].reduce((sum, count) => sum + count, 0) - late;
        expect(stream.received + refused).toBe(turns.flat().length);
        expect(stream.concealed).toBeLessThanOrEqual(turns.length);
      }),
    );
  });
});
