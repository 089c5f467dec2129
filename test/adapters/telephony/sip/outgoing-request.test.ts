import fc from "fast-check";
import { expect, test } from "vitest";
import { createRequestWriter } from "../../../../adapters/telephony/sip/outgoing-request.ts";
import { readOutgoing } from "../../../../adapters/telephony/sip/outgoing-text.ts";
import { parseMessage } from "../../../../adapters/telephony/sip/parse-message.ts";
import { createSipUri } from "../../../../adapters/telephony/sip/text-uri.ts";

const user = fc.stringMatching(/^[A-Za-z0-9+.-]{1,20}$/);
const token = fc.stringMatching(/^[A-Za-z0-9]{1,20}$/);
const host = fc.constantFrom("192.0.2.10", "[2001:db8::1]", "carrier.example");

test("a request that was written is read back, and what the writer says of it is what it says", () => {
  const parts = fc.record({
    method: fc.constantFrom("INVITE", "ACK", "BYE", "CANCEL", "UPDATE"),
    user,
    host,
    port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
    fromTag: token,
    toTag: token,
    callId: token,
    cseq: fc.integer({ min: 1, max: 1_000 }),
    sdp: fc.option(fc.constant("v=0\r\né\r\n"), { nil: null }),
  });
  fc.assert(
    fc.property(parts, (some) => {
      const writer = createRequestWriter("192.0.2.1:5060");
      const target = createSipUri(some.user, some.host, some.port);
      const from = createSipUri("reveille", "reveille.example", undefined);
      const { fromTag, toTag, callId, cseq } = some;
      const body =
        some.sdp === null
          ? undefined
          : { contentDisposition: "session" as const, contentType: "application/sdp", content: some.sdp };
      const request = writer.make(
        some.method,
        target,
        from,
        target,
        { fromTag, toTag, callId, cseq },
        [],
        body,
      );
      request.setViaHeader("z9hG4bKx", "UDP");
      const text = request.toString();
      const { kind, message } = parseMessage(Buffer.from(text));
      expect(kind).toBe("request");
      expect(message).toMatchObject({
        method: some.method,
        fromTag,
        toTag,
        callId,
        cseq,
        body: some.sdp ?? "",
      });
      const { via: _via, ...read } = readOutgoing(text);
      expect(writer.known(text)).toEqual({ ...read, via: null });
      expect(writer.known(`${text} `)).toBeNull();
    }),
  );
});

test("where a Route decides, the text is read", () => {
  const writer = createRequestWriter("192.0.2.1:5060");
  const uri = createSipUri("a", "192.0.2.10", 5060);
  const request = writer.make("BYE", uri, uri, uri, {
    callId: "c",
    fromTag: "f",
    toTag: "t",
    cseq: 2,
    routeSet: ["<sip:192.0.2.11;lr>"],
  });
  request.setViaHeader("z9hG4bKx", "UDP");
  expect(writer.known(request.toString())).toBeNull();
});

test.each([
  { plain: "+12125550123", written: "sip:+12125550123@192.0.2.10" },
  { plain: "a b@c", written: "sip:a%20b%40c@192.0.2.10" },
  { plain: "a%40b", written: "sip:a%40b@192.0.2.10" },
])("the user $plain is written so that nothing of it becomes the host", ({ plain, written }) => {
  expect(createSipUri(plain, "192.0.2.10", undefined).toString()).toBe(written);
});
