import { expect, test } from "vitest";
import { milliseconds } from "../../../domain/kernel/time.ts";
import { CALLS_PER_REQUEST_MAX, retryAfterCall, retryAfterLoss } from "../../../domain/schedule/retry.ts";

const LOST_RETRY_MS = milliseconds(30_000);

test.each([
  "no-answer",
  "busy",
  "unreachable",
  "trunk-failed",
  "throttled",
] as const)("a call that ended %s is tried again", (outcome) => {
  expect(retryAfterCall(outcome, 1)).toMatchObject({ retry: true });
});

test.each([
  "completed",
  "session-failed",
  "declined",
  "unwanted",
  "invalid-number",
  "blocked",
  "cancelled",
] as const)("a call that ended %s is final", (outcome) => {
  expect(retryAfterCall(outcome, 1)).toEqual({ retry: false });
});

test("network failures use no attempts, and end all the same", () => {
  expect(retryAfterCall("trunk-failed", CALLS_PER_REQUEST_MAX - 1)).toMatchObject({ retry: true });
  expect(retryAfterCall("trunk-failed", CALLS_PER_REQUEST_MAX)).toEqual({ retry: false });
});

test("a lost call is repeated as far as nobody is rung twice by it, or the Sender wants it (O07)", () => {
  const basic = { serviceLevel: "basic", onLost: "stop" } as const;
  const enhanced = { serviceLevel: "enhanced", onLost: "stop" } as const;
  const wanted = { serviceLevel: "basic", onLost: "retry" } as const;
  expect(retryAfterLoss("granted", basic, LOST_RETRY_MS)).toMatchObject({ retry: true });
  expect(retryAfterLoss("invited", basic, LOST_RETRY_MS)).toEqual({ retry: false });
  expect(retryAfterLoss("invited", enhanced, LOST_RETRY_MS)).toMatchObject({ retry: true });
  expect(retryAfterLoss("answered", enhanced, LOST_RETRY_MS)).toEqual({ retry: false });
  expect(retryAfterLoss("answered", wanted, LOST_RETRY_MS)).toMatchObject({ retry: true });
});
