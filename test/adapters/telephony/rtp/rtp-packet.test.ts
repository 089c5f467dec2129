import fc from "fast-check";
import { expect, test } from "vitest";
import {
  newRtpView,
  RTP_HEADER_BYTES,
  readRtp,
  timestampDistance,
  writeRtpHeader,
} from "../../../../adapters/telephony/rtp/rtp-packet.ts";

const header = fc.record({
  marker: fc.boolean(),
  payloadType: fc.nat(127),
  sequence: fc.nat(0xffff),
  timestamp: fc.nat(0xffff_ffff),
  ssrc: fc.nat(0xffff_ffff),
});

test("a header that was written is read again", () => {
  fc.assert(
    fc.property(header, fc.nat(688), (written, payloadBytes) => {
      const packet = new Uint8Array(RTP_HEADER_BYTES + payloadBytes);
      writeRtpHeader(packet, written);
      const view = newRtpView();
      expect(readRtp(packet, view)).toBeNull();
      expect(view).toEqual({ ...written, payloadStart: 12, payloadEnd: packet.length });
    }),
  );
});

function packetOf(first: number, rest: readonly number[]): Uint8Array {
  const packet = new Uint8Array(RTP_HEADER_BYTES + rest.length);
  packet[0] = first;
  packet.set(rest, RTP_HEADER_BYTES);
  return packet;
}

test.each([
  ["two contributing sources", 0x82, [0, 0, 0, 1, 0, 0, 0, 2, 7, 7], 20, 22],
  ["an extension of one word", 0x90, [0xbe, 0xde, 0, 1, 9, 9, 9, 9, 7], 20, 21],
  ["padding", 0xa0, [7, 7, 0, 0, 3], 12, 14],
] as const)("the payload beside %s is found", (_, first, rest, start, end) => {
  const view = newRtpView();
  expect(readRtp(packetOf(first, rest), view)).toBeNull();
  expect([view.payloadStart, view.payloadEnd]).toEqual([start, end]);
});

test.each([
  ["more sources than bytes", 0x8f, [1, 2, 3], "bad-shape"],
  ["an extension longer than the packet", 0x90, [0, 0, 0xff, 0xff], "bad-shape"],
  ["an extension without its header", 0x90, [0, 0], "bad-shape"],
  ["more padding than payload", 0xa0, [1, 2, 200], "bad-shape"],
  ["padding of no bytes", 0xa0, [1, 2, 0], "bad-shape"],
  ["another version", 0x40, [1, 2, 3], "bad-version"],
] as const)("a packet with %s is refused", (_, first, rest, fault) => {
  expect(readRtp(packetOf(first, rest), newRtpView())).toBe(fault);
});

test("too short and too long packets are refused", () => {
  expect(readRtp(new Uint8Array(11), newRtpView())).toBe("bad-length");
  expect(readRtp(new Uint8Array(701), newRtpView())).toBe("bad-length");
});

test("whatever arrives, a payload that is believed lies inside the packet", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 800 }), (bytes) => {
      const view = newRtpView();
      if (readRtp(bytes, view) !== null) return;
      expect(view.payloadStart).toBeGreaterThanOrEqual(RTP_HEADER_BYTES);
      expect(view.payloadEnd).toBeLessThanOrEqual(bytes.length);
      expect(view.payloadStart).toBeLessThanOrEqual(view.payloadEnd);
    }),
  );
});

test("timestamps are compared around the end of their circle", () => {
  expect(timestampDistance(0xffff_ff00, 0x0000_00a0)).toBe(0x1a0);
  expect(timestampDistance(0x0000_00a0, 0xffff_ff00)).toBe(-0x1a0);
});
