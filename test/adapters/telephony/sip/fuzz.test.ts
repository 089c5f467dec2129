import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createWire, request } from "./wire.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LINES = [
  "Contact: *",
  "Contact: <sip:a@192.0.2.10>, <sip:b@192.0.2.10>",
  "Require: 100rel",
  "Route: <sip:x@203.0.113.1;lr>",
  "Record-Route: <sip:x@203.0.113.1;lr>",
  "Content-Type: multipart/mixed;boundary=x",
  "Event: refer",
  "Refer-To: <sip:x@y>",
  "Max-Forwards: 0",
  "To: <sip:a@b>;tag=z",
  "Session-Expires: 90",
  "Replaces: call-1;from-tag=a;to-tag=b",
];

const message = fc.record({
  method: fc.constantFrom(
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "INFO",
    "PRACK",
    "REFER",
    "NOTIFY",
    "UPDATE",
  ),
  branch: fc.constantFrom("z9hG4bKa", "z9hG4bKb", "z9hG4bK", "old", ""),
  callId: fc.constantFrom("call-1", "call-2", "call-3"),
  cseq: fc.integer({ min: 0, max: 5 }),
  tag: fc.constantFrom("", ";tag=x", ";tag=y"),
  extra: fc.array(fc.constantFrom(...LINES), { maxLength: 3 }),
  body: fc.constantFrom("", "v=0\r\n", "Signal=5\r\n"),
  drop: fc.constantFrom(null, "Contact", "To", "From", "Via", "Content-Type", "CSeq"),
});

test("no order of half-right messages makes the core fail, and nothing of it is left after 70 s", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 25 }), async (messages) => {
      const wire = await createWire({
        onInvite: (invite) => {
          if (invite.callId === "call-1") invite.answer("v=0\r\n");
          else if (invite.callId === "call-2") invite.reject(486);
          else invite.ring();
        },
      });
      for (const { tag, drop, ...parts } of messages) {
        const text = request({ ...parts, to: `<sip:100@192.0.2.1>${tag}` });
        wire.receive(drop === null ? text : text.replace(new RegExp(`^${drop}: .*\r\n`, "m"), ""));
      }
      expect(wire.log.lines).toEqual([]);
      // Whoever rings for ever is ended by its caller; here the endpoint goes.
      await wire.endpoint.close();
      await vi.advanceTimersByTimeAsync(70_000);
      expect([wire.endpoint.liveCount(), vi.getTimerCount()]).toEqual([0, 0]);
    }),
    { numRuns: 300 },
  );
});
