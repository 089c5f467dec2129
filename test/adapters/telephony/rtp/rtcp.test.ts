import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { g711 } from "../../../../adapters/telephony/audio/g711.ts";
import { createReceiveStream } from "../../../../adapters/telephony/rtp/receive-stream.ts";
import { middleOfNtp, parseRtcp, writeReport } from "../../../../adapters/telephony/rtp/rtcp-packet.ts";
import { createRtcpSession, type RtcpSession } from "../../../../adapters/telephony/rtp/rtcp-session.ts";
import { createSendStream, type SendStream } from "../../../../adapters/telephony/rtp/send-stream.ts";
import { audioPacket, PEER } from "./rtp-bench.ts";

const u32 = fc.nat(0xffff_ffff);
const block = fc.record({
  ssrc: u32,
  fractionLost: fc.nat(255),
  lost: fc.integer({ min: -0x80_0000, max: 0x7f_ffff }),
  highestSequence: u32,
  jitter: u32,
  lastReport: u32,
  delaySinceLast: u32,
});
const sent = fc.record({ wallMs: fc.nat(4_000_000_000_000), timestamp: u32, packets: u32, octets: u32 });

test("a report that was written is read again", () => {
  fc.assert(
    fc.property(
      fc.record({
        ssrc: u32,
        sent: fc.option(sent),
        block: fc.option(block),
        cname: fc.stringMatching(/^[\w+/=]{0,40}$/),
        goodbye: fc.boolean(),
      }),
      (report) => {
        const packet = writeReport(report);
        expect(packet.length % 4).toBe(0);
        const heard = parseRtcp(packet);
        expect(heard).toMatchObject({ ssrc: report.ssrc, goodbye: report.goodbye });
        expect(heard?.blocks).toEqual(report.block === null ? [] : [report.block]);
        expect(heard?.middleNtp === null).toBe(report.sent === null);
      },
    ),
  );
});

test("no bytes make the reader throw, and no cut report is read", () => {
  const whole = writeReport({ ssrc: 1, sent: null, block: null, cname: "x", goodbye: true });
  for (let length = 0; length < whole.length; length += 1) {
    // After the report and after our name a packet may end.
    expect(parseRtcp(whole.subarray(0, length)) !== null).toBe(length === 8 || length === 20);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const heard = parseRtcp(Uint8Array.from([0x81, 200, ...bytes]));
      expect(heard?.blocks.length ?? 1).toBe(1);
    }),
  );
});

function call(): {
  readonly rtcp: RtcpSession;
  readonly sending: SendStream;
  readonly hear: (n: number) => void;
} {
  const sending = createSendStream(() => 7);
  sending.format({ law: g711("PCMU"), payloadType: 0, events: null });
  const receiving = createReceiveStream({
    agreement: {
      remoteAddress: PEER.address,
      remotePort: PEER.port,
      anyPort: false,
      audio: 0,
      events: null,
    },
    law: g711("PCMU"),
    onKey: () => undefined,
    count: () => undefined,
  });
  return {
    rtcp: createRtcpSession({ sending, receiving, cname: "x", draw: () => 0.5 }),
    sending,
    hear: (n) => receiving.receive(audioPacket(n), PEER, n * 20),
  };
}

describe("the reports of a call", () => {
  test("come after 2.5 s and then every 5 s, from a sender only if it sent", () => {
    const { rtcp, sending } = call();
    expect(rtcp.due(0, 0)).toBeNull();
    expect(rtcp.due(2_499, 0)).toBeNull();
    expect(parseRtcp(rtcp.due(2_500, 0) ?? Buffer.alloc(0))?.middleNtp).toBeNull();
    sending.next();
    expect(rtcp.due(7_499, 0)).toBeNull();
    expect(parseRtcp(rtcp.due(7_500, 0) ?? Buffer.alloc(0))?.middleNtp).not.toBeNull();
    expect(parseRtcp(rtcp.goodbye(8_000, 0))?.goodbye).toBe(true);
  });

  test("tell how much was lost since the last one, and in all", () => {
    const { rtcp, hear } = call();
    // Packet 0 is on probation; of 1 … 100 every fourth is lost.
    for (let n = 0; n <= 100; n += 1) if (n % 4 !== 2) hear(n);
    rtcp.due(0, 0);
    const first = parseRtcp(rtcp.due(2_500, 0) ?? Buffer.alloc(0))?.blocks[0];
    expect(first).toMatchObject({ ssrc: 0xcafe, fractionLost: 64, lost: 25, highestSequence: 100 });
    for (let n = 101; n <= 200; n += 1) hear(n);
    const second = parseRtcp(rtcp.due(7_500, 0) ?? Buffer.alloc(0))?.blocks[0];
    expect(second).toMatchObject({ fractionLost: 0, lost: 25 });
  });

  test("measure the round trip by the echo of our own report", () => {
    const { rtcp, sending } = call();
    const sentAtMs = 1_700_000_000_000;
    const echo = writeReport({
      ssrc: 9,
      sent: null,
      cname: "y",
      goodbye: false,
      block: {
        ssrc: sending.ssrc,
        fractionLost: 128,
        lost: 1,
        highestSequence: 1,
        jitter: 1,
        lastReport: middleOfNtp(sentAtMs),
        delaySinceLast: 0.1 * 65_536,
      },
    });
    expect(rtcp.receive(echo, 0, sentAtMs + 140)).toBe(true);
    expect(rtcp.remote.roundTripMs).toBeCloseTo(40, 0);
    expect(rtcp.remote.fractionLost).toBe(0.5);
    expect(rtcp.receive(Buffer.from("nonsense"), 0, 0)).toBe(false);
  });
});
