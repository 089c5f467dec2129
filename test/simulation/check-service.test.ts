import { expect, test } from "vitest";
import { type CustomerKey, offerId, type RequestId } from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { dispatched, queued, received, SERVER } from "../support/sample-request.ts";
import { checkService } from "./check-service.ts";
import { type ForgedLog, forgeLog, foundBy } from "./forged-log.ts";

const FIRST = "rq_0123456789abcdefghjkmnpqrs_000" as RequestId;
const SECOND = "rq_1123456789abcdefghjkmnpqrs_000" as RequestId;
const OTHER = "11111111111111111111111111111111" as CustomerKey;

const DISPATCHED = dispatched() as Extract<RequestEvent, { type: "Dispatched" }>;

const offered = (request: RequestId, attempt = 1): RequestEvent => ({
  ...DISPATCHED,
  attempt,
  offer: offerId(request, attempt),
});

function refusedOf(attempt: number): readonly RequestEvent[] {
  const offer = offerId(FIRST, attempt);
  const refused = {
    type: "DispatchRejected",
    at: instant(0),
    attempt,
    offer,
    server: SERVER,
    reason: "busy",
  } as const;
  return [offered(FIRST, attempt), refused, queued];
}

const BASIC = [received({ customer: OTHER }), queued, offered(SECOND)];

/** An enhanced Request that was refused so often by `at`, and waits. */
function refusedEnhanced(refusals: number, at: number): ForgedLog {
  const log = forgeLog();
  log.take(0, 1);
  log.tell(10, FIRST, [received({ serviceLevel: "enhanced" }), queued]);
  for (let attempt = 1; attempt <= refusals; attempt += 1) log.tell(at, FIRST, refusedOf(attempt));
  return log;
}

const found = (log: ForgedLog, calmFrom = Number.POSITIVE_INFINITY): readonly string[] =>
  foundBy((report) => checkService(log, calmFrom, report));

const OVERTAKEN = [expect.stringMatching(/^I8: .*overtaken/)];

test("after its first refusal an enhanced Request is offered elsewhere before any basic one (I8)", () => {
  const log = refusedEnhanced(1, 100);
  log.tell(101, SECOND, BASIC);
  expect(found(log)).toEqual(OVERTAKEN);
});

test.each([
  [2, 200],
  [3, 400],
  [7, 5_000],
])("after %i refusals a basic one may go before it for %i ms, and no longer (I8)", (refusals, pauseMs) => {
  const during = refusedEnhanced(refusals, 100);
  during.tell(100 + pauseMs, SECOND, BASIC);
  expect(found(during)).toEqual([]);
  const afterwards = refusedEnhanced(refusals, 100);
  afterwards.tell(100 + pauseMs + 15, SECOND, BASIC);
  expect(found(afterwards)).toEqual(OVERTAKEN);
});

test("a new owner counts a pause anew, from when it is first seen at work at the latest (I8)", () => {
  const arriving = refusedEnhanced(2, 100);
  arriving.take(200, 2);
  // It had to restore first: its first event may be decided long after it took the partition.
  arriving.tell(9_000, SECOND, BASIC, 2);
  expect(found(arriving)).toEqual([]);
  const working = refusedEnhanced(2, 100);
  working.take(200, 2);
  working.tell(9_000, SECOND, BASIC.slice(0, 1), 2);
  working.tell(9_215, SECOND, BASIC.slice(1), 2);
  expect(found(working)).toEqual(OVERTAKEN);
});

test("what an earlier owner wrote late does not show the new one at work (I8)", () => {
  const log = refusedEnhanced(2, 100);
  log.take(200, 2);
  log.tell(9_000, SECOND, BASIC.slice(0, 1), 1);
  log.tell(9_215, SECOND, BASIC.slice(1), 2);
  expect(found(log)).toEqual([]);
});

test("whoever has no pause is not excused by a new owner (I8)", () => {
  const log = refusedEnhanced(1, 100);
  log.take(200, 2);
  log.tell(9_000, SECOND, BASIC, 2);
  expect(found(log)).toEqual(OVERTAKEN);
});

const WAITED = [expect.stringMatching(/^I8: .*beside a free port/)];

function waitingUntil(at: number, reports: (log: ForgedLog) => void): ForgedLog {
  const log = forgeLog();
  log.take(0, 1);
  log.tell(10, FIRST, [received(), queued]);
  reports(log);
  log.tell(at, FIRST, [offered(FIRST)]);
  return log;
}

function freedAtTen(log: ForgedLog): void {
  log.report(0, 8_000, 0);
  log.report(10_000, 40_000, 1);
}

function freeNowAndThen(log: ForgedLog): void {
  for (let from = 0; from < 40_000; from += 10_000) {
    log.report(from, from, 1);
    log.report(from + 2_000, from + 8_000, 0);
  }
}

test("nobody waits for more than 15 s beside a port that became free while nothing else happened (I8)", () => {
  expect(found(waitingUntil(25_000, freedAtTen), 0)).toEqual([]);
  expect(found(waitingUntil(29_000, freedAtTen), 0)).toEqual(WAITED);
});

test("a port that is free now and then proves nothing, nor does time in which something failed (I8)", () => {
  expect(found(waitingUntil(40_000, freeNowAndThen), 0)).toEqual([]);
  const always = waitingUntil(40_000, (log) => log.report(0, 40_000, 1));
  expect(found(always, 26_000)).toEqual([]);
  expect(found(always, 24_000)).toEqual(WAITED);
});
