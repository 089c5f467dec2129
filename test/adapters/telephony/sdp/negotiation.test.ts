import { BlockList } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createNegotiation, type Negotiation } from "../../../../adapters/telephony/sdp/negotiation.ts";
import { readDescription } from "../../../../adapters/telephony/sdp/read-description.ts";
import { sdpPart } from "../../../../adapters/telephony/sdp/sdp-part.ts";

const allowed = new BlockList();
allowed.addSubnet("192.0.2.0", 24, "ipv4");
allowed.addSubnet("2001:db8::", 32, "ipv6");
allowed.addSubnet("127.0.0.0", 8, "ipv4");
allowed.addSubnet("224.0.0.0", 4, "ipv4");
const RULES = { allowed, allowLoopback: false };

function negotiation(): Negotiation {
  return createNegotiation({
    address: "192.0.2.1",
    port: 20_000,
    sessionId: 7,
    rules: RULES,
    sourceCheck: "strict",
  });
}

function sdp(...media: readonly string[]): string {
  return ["v=0", "o=- 1 1 IN IP4 192.0.2.10", "s=-", "c=IN IP4 192.0.2.10", "t=0 0", ...media, ""].join(
    "\r\n",
  );
}

test("our offer has both laws, keys, 20 ms and one audio line (RFC 3264)", () => {
  expect(negotiation().offer()).toBe(
    [
      "v=0",
      "o=- 7 1 IN IP4 192.0.2.1",
      "s=-",
      "c=IN IP4 192.0.2.1",
      "t=0 0",
      "m=audio 20000 RTP/AVP 0 8 101",
      "a=rtpmap:0 PCMU/8000",
      "a=rtpmap:8 PCMA/8000",
      "a=rtpmap:101 telephone-event/8000",
      "a=fmtp:101 0-15",
      "a=ptime:20",
      "a=sendrecv",
      "",
    ].join("\r\n"),
  );
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  ["nothing", "", "not-sdp"],
  ["garbage", "hello", "not-sdp"],
  ["no media", sdp(), "no-audio"],
  ["video only", sdp("m=video 4000 RTP/AVP 31"), "no-audio"],
  ["SRTP", sdp("m=audio 4000 RTP/SAVP 0"), "no-audio"],
  ["port 0", sdp("m=audio 0 RTP/AVP 0"), "refused"],
  ["two audio lines in use", sdp("m=audio 4000 RTP/AVP 0", "m=audio 4002 RTP/AVP 0"), "several-audio"],
  ["no codec of ours", sdp("m=audio 4000 RTP/AVP 3 9"), "no-codec"],
  ["PCMU at 16 kHz", sdp("m=audio 4000 RTP/AVP 97", "a=rtpmap:97 PCMU/16000"), "no-codec"],
  [
    "a name for an address",
    sdp("c=IN IP4 192.0.2.10", "m=audio 4000 RTP/AVP 0", "c=IN IP4 media.example"),
    "no-address",
  ],
  ["a foreign address", sdp("m=audio 4000 RTP/AVP 0", "c=IN IP4 203.0.113.1"), "address-not-allowed"],
  ["loopback", sdp("m=audio 4000 RTP/AVP 0", "c=IN IP4 127.0.0.1"), "address-not-allowed"],
  ["a group address", sdp("m=audio 4000 RTP/AVP 0", "c=IN IP4 224.0.0.1"), "address-not-allowed"],
  ["a system port", sdp("m=audio 53 RTP/AVP 0"), "port-not-allowed"],
  ["packets of 120 ms", sdp("m=audio 4000 RTP/AVP 0", "a=ptime:120"), "ptime-not-allowed"],
  ["nine media lines", sdp(...Array.from({ length: 9 }, () => "m=audio 0 RTP/AVP 0")), "not-sdp"],
  ["more than 8 KB", sdp("m=audio 4000 RTP/AVP 0", `a=x:${"y".repeat(9_000)}`), "too-large"],
];

test.for(REFUSED)("an offer with %s is refused with its reason", ([, offer, reason]) => {
  expect(negotiation().answer(offer)).toEqual({ ok: false, reason });
});

test("the answer takes the caller's first codec and payload numbers, and refuses the other lines", () => {
  const answered = negotiation().answer(
    sdp(
      "m=video 4000 RTP/AVP 31",
      "m=audio 5000 RTP/AVP 3 97 0 96",
      "a=rtpmap:97 pcma/8000",
      "a=rtpmap:96 telephone-event/8000",
    ),
  );
  expect(answered).toMatchObject({
    ok: true,
    agreement: {
      remoteAddress: "192.0.2.10",
      remotePort: 5_000,
      codec: "PCMA",
      payloadType: 97,
      sendEventsAs: 96,
      receiveEventsAs: 96,
      sending: true,
    },
  });
  expect(answered.ok && answered.sdp.split("\r\n").filter((line) => line.startsWith("m="))).toEqual([
    "m=video 0 RTP/AVP 31",
    "m=audio 20000 RTP/AVP 97 96",
  ]);
});

test("an answer speaks our offer's numbers; its keys may have their own (RFC 3264 6.1)", () => {
  const agreed = negotiation().readAnswer(
    sdp("m=audio 5000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000"),
  );
  expect(agreed).toMatchObject({
    ok: true,
    agreement: { codec: "PCMA", payloadType: 8, sendEventsAs: 96, receiveEventsAs: 101 },
  });
});

test.for([
  ["no body", null],
  ["a second line that we never offered", sdp("m=audio 5000 RTP/AVP 0", "m=video 0 RTP/AVP 31")],
  ["a number for PCMU that we never offered", sdp("m=audio 5000 RTP/AVP 97", "a=rtpmap:97 PCMU/8000")],
] as const)("an answer with %s is refused", ([, answer]) => {
  expect(negotiation().readAnswer(answer).ok).toBe(false);
});

test("hold stops our sending, by direction or by 0.0.0.0, and keeps where the peer was", () => {
  const call = negotiation();
  call.answer(sdp("m=audio 5000 RTP/AVP 0"));
  const held = call.answer(sdp("m=audio 5000 RTP/AVP 0", "a=sendonly"));
  const old = call.answer(sdp("m=audio 5000 RTP/AVP 0", "c=IN IP4 0.0.0.0"));
  expect(held).toMatchObject({ ok: true, agreement: { sending: false } });
  expect(held.ok && held.sdp).toContain("a=recvonly");
  expect(old).toMatchObject({ ok: true, agreement: { sending: false, remoteAddress: "192.0.2.10" } });
  expect(old.ok && old.sdp).toContain("a=inactive");
});

test("the version of our description rises with each change and only then (RFC 3264 8)", () => {
  const call = negotiation();
  const offer = sdp("m=audio 5000 RTP/AVP 0");
  const versions = [offer, offer, sdp("m=audio 5000 RTP/AVP 0", "a=sendonly"), offer].map((text) => {
    const answered = call.answer(text);
    return answered.ok ? /^o=- 7 (\d+) /m.exec(answered.sdp)?.[1] : null;
  });
  expect(versions).toEqual(["1", "1", "2", "3"]);
});

test("an IPv6 address is read and written", () => {
  const call = createNegotiation({
    address: "2001:db8::1",
    port: 20_000,
    sessionId: 1,
    rules: RULES,
    sourceCheck: "any-port",
  });
  const answered = call.answer(sdp("m=audio 5000 RTP/AVP 0", "c=IN IP6 2001:db8::9"));
  expect(answered).toMatchObject({ agreement: { remoteAddress: "2001:db8::9", sourceCheck: "any-port" } });
  expect(answered.ok && answered.sdp).toContain("c=IN IP6 2001:db8::1");
});

test("whatever an SDP body holds, it is read or refused with a reason", () => {
  const line = fc.oneof(
    fc.constantFrom("m=audio 5000 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=ptime:0", "c=IN IP4 1", "m=", "a="),
    fc.string({ maxLength: 40 }),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const read = readDescription(sdp(...lines), RULES);
      expect(read.ok ? read.audio.codecs.length > 0 : read.reason.length > 0).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("the description in a multipart body is found, and two are none (RFC 5621)", () => {
  const part = `--x\r\nContent-Type: application/sdp\r\n\r\n${sdp("m=audio 5000 RTP/AVP 0")}\r\n`;
  const isup = "--x\r\nContent-Type: application/isup;version=itu-t92+\r\n\r\n\u0001\u0002\r\n";
  const type = 'multipart/mixed;boundary="x"';
  expect(sdpPart(type, `${isup}${part}--x--\r\n`)).toBe(sdp("m=audio 5000 RTP/AVP 0"));
  expect(sdpPart(type, `${part}${part}--x--\r\n`)).toBe(null);
  expect(sdpPart(type, `${isup}--x--\r\n`)).toBe(null);
  expect(sdpPart("application/sdp;charset=utf-8", "v=0")).toBe("v=0");
  expect(sdpPart("text/plain", "v=0")).toBe(null);
});
