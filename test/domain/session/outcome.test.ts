import { describe, expect, test } from "vitest";
import { instant } from "../../../domain/kernel/time.ts";
import type { CallEnding } from "../../../domain/ports/telephony.ts";
import { type CallOutcome, outcomeOf } from "../../../domain/session/outcome.ts";

function ending(change: Partial<CallEnding>): CallEnding {
  return {
    endedBy: "network",
    localCause: null,
    sipCode: null,
    q850: null,
    alerted: false,
    earlyMedia: false,
    invitedAt: instant(1),
    ringingAt: null,
    answeredAt: null,
    endedAt: instant(2),
    media: { received: 0, concealed: 0, sent: 0, jitterMs: 0 },
    ...change,
  };
}

describe("the outcome of a call that nobody answered", () => {
  const table: readonly [string, Partial<CallEnding>, CallOutcome][] = [
    ["486 is busy", { sipCode: 486 }, "busy"],
    ["600 is busy", { sipCode: 600 }, "busy"],
    ["603 is declined", { sipCode: 603, alerted: true }, "declined"],
    ["607 is unwanted", { sipCode: 607 }, "unwanted"],
    ["404 is an invalid number", { sipCode: 404 }, "invalid-number"],
    ["604 is an invalid number", { sipCode: 604 }, "invalid-number"],
    [
      "our own ring limit is no answer",
      { localCause: "ring-timeout", sipCode: 487, alerted: true },
      "no-answer",
    ],
    ["480 after alerting is no answer", { sipCode: 480, alerted: true }, "no-answer"],
    ["480 without alerting is unreachable", { sipCode: 480 }, "unreachable"],
    ["480 with cause 19 is no answer", { sipCode: 480, q850: 19 }, "no-answer"],
    ["480 with cause 20 is unreachable", { sipCode: 480, q850: 20 }, "unreachable"],
    ["503 that says when to come again is throttled", { sipCode: 503, retryAfterSeconds: 30 }, "throttled"],
    ["503 without a word is the trunk's failure", { sipCode: 503, retryAfterSeconds: null }, "trunk-failed"],
    [
      "486 at once on a trunk known for it is throttled",
      { sipCode: 486, trunkRefusesAtOnce: true, endedAt: instant(1_000) },
      "throttled",
    ],
    [
      "480 at once on a trunk known for it is throttled",
      { sipCode: 480, trunkRefusesAtOnce: true, endedAt: instant(1_000) },
      "throttled",
    ],
    [
      "486 after a second is busy on any trunk",
      { sipCode: 486, trunkRefusesAtOnce: true, endedAt: instant(1_001) },
      "busy",
    ],
    [
      "486 after alerting is busy on any trunk",
      { sipCode: 486, trunkRefusesAtOnce: true, alerted: true },
      "busy",
    ],
    ["486 at once on another trunk is busy", { sipCode: 486, trunkRefusesAtOnce: false }, "busy"],
    [
      "our own hang-up is no throttling",
      { localCause: "hung-up", sipCode: 503, retryAfterSeconds: 30 },
      "cancelled",
    ],
    ["403 is blocked", { sipCode: 403 }, "blocked"],
    [
      "403 with cause 21 after alerting is the person's no",
      { sipCode: 403, q850: 21, alerted: true },
      "declined",
    ],
    ["503 is the trunk's failure", { sipCode: 503 }, "trunk-failed"],
    ["500 with cause 17 is busy all the same", { sipCode: 500, q850: 17 }, "busy"],
    [
      "302 is blocked: redirections are not followed",
      { sipCode: 302, localCause: "redirect-refused" },
      "blocked",
    ],
    ["488 is a failure of media", { sipCode: 488 }, "media-failed"],
    ["no reply at all is the trunk's failure", { localCause: "no-response" }, "trunk-failed"],
    ["a hang-up of ours is cancelled", { localCause: "hung-up", sipCode: 487 }, "cancelled"],
    ["a grant that came too late called nobody", { localCause: "too-late" }, "too-late"],
  ];
  test.each(table)("%s", (_, evidence, outcome) => {
    expect(outcomeOf(ending(evidence), null)).toBe(outcome);
  });

  test("is exactly one for every status, alerting and Q.850 cause, and never a success", () => {
    for (let sipCode = 300; sipCode < 700; sipCode += 1) {
      for (const alerted of [false, true]) {
        for (let q850 = 0; q850 <= 127; q850 += 1) {
          const outcome = outcomeOf(ending({ sipCode, alerted, q850: q850 === 0 ? null : q850 }), null);
          expect(["completed", "machine", "answered-unknown", "session-failed"]).not.toContain(outcome);
        }
      }
    }
  });
});

describe("the outcome of an answered call", () => {
  const answeredAt = instant(2);
  test("is completed when the dialog ran, whoever hung up", () => {
    expect(outcomeOf(ending({ answeredAt, sipCode: 200 }), "ok")).toBe("completed");
    expect(outcomeOf(ending({ answeredAt, sipCode: 200, endedBy: "customer" }), "hangup")).toBe("completed");
  });
  test("is a failed session when the document failed", () => {
    expect(outcomeOf(ending({ answeredAt, sipCode: 200 }), "error")).toBe("session-failed");
  });
  test("is a failure of media when no sound came through", () => {
    expect(outcomeOf(ending({ answeredAt, localCause: "media-timeout" }), "ok")).toBe("media-failed");
  });
});
