/** A body with damage in it ends as unreadable or as another message, never as a process that hangs. */
import { expect, test } from "vitest";
import type { Verdict } from "../../domain/policy/verdict.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { decodeBody, encodeBody } from "../../schemas/message-body.ts";
import { queued } from "../support/sample-request.ts";

const PREFIX_BYTES = 5;

test("every damaged byte of a body with lists in it is read to its end at once", () => {
  const verdict: Verdict = {
    check: "deadline",
    setBy: "sender",
    rule: "request#notAfter",
    says: "allow",
    reason: null,
    until: null,
    facts: { notAfter: "2026-11-21T09:00:00Z", now: "2026-11-20T09:00:00Z" },
  };
  const event = { ...queued, verdicts: [verdict, verdict] } as RequestEvent;
  const body = encodeBody("events", event);
  expect(decodeBody("events", body, null)).toMatchObject({ ok: true, message: event });
  let unreadable = 0;
  for (let at = PREFIX_BYTES; at < body.length; at += 1) {
    for (const mask of [0x01, 0x80, 0xff]) {
      const damaged = Buffer.from(body);
      damaged[at] = (damaged[at] ?? 0) ^ mask;
      if (!decodeBody("events", damaged, null).ok) unreadable += 1;
    }
  }
  expect(unreadable).toBeGreaterThan(0);
});
