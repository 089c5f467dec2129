import fc from "fast-check";
import { expect, test } from "vitest";
import {
  createReceiveCheck,
  type Heard,
  PACKETS_PER_SECOND_MAX,
  type ReceiveAgreement,
  type ReceiveCheck,
  type ReceiveFault,
} from "../../../../adapters/telephony/rtp/receive-check.ts";
import { audioPacket, EVENTS, PEER } from "./rtp-bench.ts";

const AGREEMENT: ReceiveAgreement = {
  remoteAddress: PEER.address,
  remotePort: PEER.port,
  anyPort: false,
  audio: 0,
  events: EVENTS,
};

function verdict(heard: Heard | ReceiveFault): string {
  return typeof heard === "string" ? heard : heard.kind;
}

/** A check that has taken up the stream with packets 0 and 1. */
function takenUp(change: Partial<ReceiveAgreement> = {}): ReceiveCheck {
  const check = createReceiveCheck({ ...AGREEMENT, ...change });
  expect(verdict(check.check(audioPacket(0), PEER, 0))).toBe("probation");
  expect(verdict(check.check(audioPacket(1), PEER, 20))).toBe("audio");
  return check;
}

test("a stranger is not heard, whatever it sends", () => {
  const check = takenUp();
  expect(check.check(audioPacket(2), { ...PEER, address: "192.0.2.9" }, 40)).toBe("foreign-source");
  expect(check.check(audioPacket(2), { ...PEER, port: 4_002 }, 40)).toBe("foreign-source");
  expect(verdict(check.check(audioPacket(2), PEER, 40))).toBe("audio");
});

test("where any port is agreed, the address still counts", () => {
  const check = takenUp({ anyPort: true });
  expect(verdict(check.check(audioPacket(2), { ...PEER, port: 9_999 }, 40))).toBe("audio");
  expect(check.check(audioPacket(3), { ...PEER, address: "192.0.2.9" }, 40)).toBe("foreign-source");
});

test("a payload that was not agreed is not heard", () => {
  const check = takenUp();
  expect(check.check(audioPacket(2, null, { payloadType: 96 }), PEER, 40)).toBe("unknown-payload");
  expect(verdict(check.check(audioPacket(2, null, { payloadType: 13 }), PEER, 40))).toBe("comfort-noise");
  expect(
    verdict(takenUp({ events: null }).check(audioPacket(2, null, { payloadType: EVENTS }), PEER, 40)),
  ).toBe("unknown-payload");
});

test("a second source is heard once it has sent three packets in a row", () => {
  const check = takenUp();
  const other = (n: number): string => verdict(check.check(audioPacket(n, null, { ssrc: 7 }), PEER, 40));
  expect([other(900), other(901), other(950), other(951)]).toEqual(Array(4).fill("foreign-ssrc"));
  const heard = check.check(audioPacket(952, null, { ssrc: 7 }), PEER, 40);
  expect(heard).toMatchObject({ kind: "audio", restarted: true });
  expect(check.ssrc).toBe(7);
  expect(check.check(audioPacket(2), PEER, 60)).toBe("foreign-ssrc");
});

test("a jump of the sequence is believed when the next packet continues it", () => {
  const check = takenUp();
  expect(check.check(audioPacket(20_000), PEER, 40)).toBe("bad-sequence");
  expect(verdict(check.check(audioPacket(2), PEER, 40))).toBe("audio");
  expect(check.check(audioPacket(30_000), PEER, 60)).toBe("bad-sequence");
  expect(check.check(audioPacket(30_001), PEER, 80)).toMatchObject({ restarted: true });
});

test("a packet counts once, also when it comes late", () => {
  const check = takenUp();
  for (const n of [2, 3, 5]) expect(verdict(check.check(audioPacket(n), PEER, 40))).toBe("audio");
  expect(check.check(audioPacket(4), PEER, 60)).toMatchObject({ kind: "audio", inOrder: false });
  expect(check.check(audioPacket(4), PEER, 60)).toBe("duplicate");
  expect(check.check(audioPacket(5), PEER, 60)).toBe("duplicate");
});

test("of a flood no more than 150 packets a second are heard", () => {
  const check = takenUp();
  const heard = Array.from({ length: 1_000 }, (_, i) => check.check(audioPacket(i + 2), PEER, 20));
  expect(heard.filter((one) => one === "excess-rate")).toHaveLength(1_000 - (PACKETS_PER_SECOND_MAX - 1));
  expect(verdict(check.check(audioPacket(1_002), PEER, 1_020))).toBe("audio");
});

test("the sequence number wraps without anybody noticing", () => {
  const check = createReceiveCheck(AGREEMENT);
  const heard = Array.from({ length: 20 }, (_, i) => check.check(audioPacket(65_526 + i), PEER, i * 20));
  expect(heard.slice(1).map(verdict)).toEqual(Array(19).fill("audio"));
  expect(check.sequence.expected).toBe(19);
  expect(check.sequence.highest).toBe(65_545);
});

test("no bytes make it throw, and only agreed payloads pass", () => {
  const check = takenUp();
  const bytes = fc.uint8Array({ maxLength: 200 }).map((rest) => Uint8Array.from([0x80, ...rest]));
  fc.assert(
    fc.property(bytes, (packet) => {
      const heard = check.check(packet, PEER, 40);
      expect(typeof heard === "string" || [0, 13, EVENTS].includes(heard.rtp.payloadType)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
