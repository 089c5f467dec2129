import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { g711 } from "../../../../adapters/telephony/audio/g711.ts";
import {
  createJitterBuffer,
  type FrameKind,
  type JitterBuffer,
} from "../../../../adapters/telephony/rtp/jitter-buffer.ts";

const { decoded } = g711("PCMU");
const FRAME = 160;

/** A packet whose every sample tells its number. */
function write(buffer: JitterBuffer, n: number, atMs: number, samples = FRAME): "kept" | "late" {
  const payload = new Uint8Array(samples).fill(n % 100);
  return buffer.write({ timestamp: n * FRAME, payload, start: 0, end: samples, inOrder: true }, atMs);
}

type Read = { readonly kind: FrameKind; readonly sample: number | undefined };

function read(buffer: JitterBuffer): Read {
  const frame = new Int16Array(FRAME);
  const kind = buffer.read(frame);
  return { kind, sample: frame[0] };
}

function numberOf({ kind, sample }: Read): number | FrameKind {
  return kind === "good" ? decoded.indexOf(sample ?? 0) : kind;
}

describe("the jitter buffer", () => {
  test("gives out nothing before the first packet, and each packet 40 ms after it came", () => {
    const buffer = createJitterBuffer(decoded);
    expect(numberOf(read(buffer))).toBe("idle");
    const got = Array.from({ length: 6 }, (_, n) => {
      write(buffer, n + 1, n * 20);
      return numberOf(read(buffer));
    });
    expect(got).toEqual(["idle", "idle", 1, 2, 3, 4]);
  });

  test("puts packets in order, takes doubled ones once, and shows what is missing", () => {
    const buffer = createJitterBuffer(decoded);
    for (const n of [1, 3, 2, 2, 5, 6]) write(buffer, n, 0);
    const got = Array.from({ length: 8 }, () => numberOf(read(buffer)));
    expect(got).toEqual(["idle", "idle", 1, 2, 3, "missing", 5, 6]);
  });

  test("whatever the length of packets, and in whatever order they come, no sample is lost", () => {
    const lengths = fc.constantFrom(80, 160, 240, 320, 480);
    fc.assert(
      fc.property(lengths, fc.array(fc.nat(2), { minLength: 6, maxLength: 6 }), (length, swaps) => {
        const buffer = createJitterBuffer(decoded);
        const order = [1, 2, 3, 4, 5, 6];
        for (const at of swaps) order.splice(at + 1, 0, ...order.splice(at + 2, 1));
        for (const n of order) {
          const payload = new Uint8Array(length).fill(10 + n);
          buffer.write({ timestamp: n * length, payload, start: 0, end: length, inOrder: false }, 0);
        }
        for (let i = 0; i < 2; i += 1) expect(read(buffer).kind).toBe("idle");
        const frame = new Int16Array(FRAME);
        const heard: number[] = [];
        while (buffer.read(frame) === "good") heard.push(...frame);
        const sent = [1, 2, 3, 4, 5, 6].flatMap((n) => Array<number>(length).fill(decoded[10 + n] ?? 0));
        expect(heard).toEqual(sent.slice(0, heard.length));
        expect(sent.length - heard.length).toBeLessThan(FRAME);
      }),
    );
  });

  test("a packet after its turn is late, and ten in a row begin anew", () => {
    const buffer = createJitterBuffer(decoded);
    write(buffer, 100, 0);
    for (let i = 0; i < 5; i += 1) read(buffer);
    const verdicts = Array.from({ length: 11 }, (_, i) => write(buffer, 50 + i, 100));
    expect(verdicts).toEqual([...Array<string>(10).fill("late"), "kept"]);
    const next = Array.from({ length: 4 }, () => numberOf(read(buffer)));
    expect(next).toEqual(["idle", "idle", "missing", 60]);
  });

  test("a packet from far in the future begins anew instead of overwriting what is there", () => {
    const buffer = createJitterBuffer(decoded);
    write(buffer, 1, 0);
    write(buffer, 90, 20);
    expect(Array.from({ length: 3 }, () => numberOf(read(buffer)))).toEqual(["idle", "idle", 90]);
  });

  test("announced silence fills only what nothing was said into", () => {
    const buffer = createJitterBuffer(decoded);
    write(buffer, 1, 0);
    buffer.writeSilence(FRAME, 3 * FRAME);
    for (let i = 0; i < 2; i += 1) read(buffer);
    expect(numberOf(read(buffer))).toBe(1);
    expect(read(buffer)).toEqual({ kind: "good", sample: 0 });
    expect(read(buffer)).toEqual({ kind: "good", sample: 0 });
    expect(read(buffer).kind).toBe("missing");
  });

  test("the depth follows three times the jitter, between 20 and 120 ms", () => {
    const steady = createJitterBuffer(decoded);
    for (let n = 0; n < 500; n += 1) write(steady, n, n * 20);
    expect(steady.jitterMs).toBeLessThan(0.1);
    expect(steady.targetMs).toBe(20);

    const shaken = createJitterBuffer(decoded);
    for (let n = 0; n < 500; n += 1) write(shaken, n, n * 20 + (n % 2) * 25);
    expect(shaken.jitterMs).toBeGreaterThan(20);
    expect(shaken.jitterMs).toBeLessThan(26);
    expect(shaken.targetMs).toBeCloseTo(3 * shaken.jitterMs, 5);

    const wild = createJitterBuffer(decoded);
    for (let n = 0; n < 500; n += 1) write(wild, n, n * 20 + (n % 2) * 100);
    expect(wild.targetMs).toBe(120);
  });

  test("a peer whose clock runs slow costs a frame now and then, only where it is quiet", () => {
    const buffer = createJitterBuffer(decoded);
    const silence = new Uint8Array(FRAME).fill(0xff);
    const kinds: FrameKind[] = [];
    let n = 0;
    // A thousandth slow: 40 ms of depth would be used up after 40 s.
    for (let turn = 0; turn < 6_000; turn += 1) {
      const nowMs = turn * 20;
      for (; n * 20.02 <= nowMs; n += 1) {
        buffer.write(
          { timestamp: n * FRAME, payload: silence, start: 0, end: FRAME, inOrder: true },
          n * 20.02,
        );
      }
      kinds.push(read(buffer).kind);
    }
    expect(kinds.filter((kind) => kind === "missing").length).toBeLessThanOrEqual(2);
  });
});
