/** The checks of what became of a call, given histories that no product wrote. */
import { describe, expect, test } from "vitest";
import { offerId, type ServerId } from "../../domain/kernel/identifiers.ts";
import { instant, milliseconds } from "../../domain/kernel/time.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { CallLost } from "../../domain/session/call-step.ts";
import {
  acceptedOffer,
  completed,
  dispatched,
  queued,
  REQUEST,
  received,
  SERVER,
} from "../support/sample-request.ts";
import { checkGone } from "./check-gone.ts";
import { checkOutcomes } from "./check-outcomes.ts";
import { type Evidence, historiesOf, type Silence } from "./evidence.ts";
import { type ForgedLog, forgedEvidence, forgeLog, foundBy } from "./forged-log.ts";

const OFFER = offerId(REQUEST, 1);
const CALL = { offer: OFFER, request: REQUEST, server: SERVER };
const STEP = { attempt: 1, offer: OFFER, server: SERVER, factSeq: 1 };
const BEGUN = [received(), queued, dispatched(), acceptedOffer()];

const lost = (how: CallLost["how"], phase: CallLost["phase"] = "invited"): RequestEvent => ({
  ...STEP,
  type: "CallLost",
  at: instant(0),
  phase,
  how,
});
const talked = (ms: number): RequestEvent => ({ ...completed(), ...STEP, talkMs: milliseconds(ms) });
const UNKNOWN: RequestEvent = { type: "RequestFailed", at: instant(0), attempts: 1, outcome: "unknown" };

function outcomesFound(events: readonly RequestEvent[], change: Partial<Evidence>): readonly string[] {
  const log = forgeLog();
  log.tell(10, REQUEST, [...BEGUN, ...events]);
  const evidence = forgedEvidence(log, change);
  const history = historiesOf(evidence).get(REQUEST) ?? [];
  return foundBy((report) => checkOutcomes(evidence, REQUEST, history, report));
}

const CALLED = { truth: { calls: [CALL], silences: [] } };
const TORN = { tornGrants: new Set([OFFER]) };

describe("silence is the witness", () => {
  test("of a grant that the log swallowed, and of no other (I10)", () => {
    expect(outcomesFound([lost("silence")], TORN)).toEqual([]);
    expect(outcomesFound([lost("silence")], {})).toEqual([expect.stringContaining("nobody ever told")]);
  });

  test("never of a call that rang, whatever the log did with its grant (I10)", () => {
    expect(outcomesFound([lost("silence")], { ...TORN, ...CALLED })).toEqual([
      expect.stringContaining("nobody ever told"),
    ]);
  });
});

describe("after an old copy of the log has taken its place", () => {
  const restored = { ...CALLED, unknowable: new Set([OFFER]) };

  test("a call may end untold where an operator has given its Request up (I10)", () => {
    expect(outcomesFound([UNKNOWN], restored)).toEqual([]);
    expect(outcomesFound([], restored)).toEqual([expect.stringContaining("0 outcomes")]);
    expect(outcomesFound([UNKNOWN], CALLED)).toEqual([expect.stringContaining("0 outcomes")]);
  });

  test("it may not be told twice all the same (I10)", () => {
    const twice = [lost("journal"), lost("journal"), UNKNOWN];
    expect(outcomesFound(twice, restored)).toEqual([expect.stringContaining("2 outcomes")]);
  });
});

test("what is billed is what was talked (I10)", () => {
  const talks = new Map([[OFFER, 5_000]]);
  expect(outcomesFound([talked(5_001)], { ...CALLED, talks })).toEqual([]);
  expect(outcomesFound([talked(5_002)], { ...CALLED, talks })).toEqual([
    expect.stringContaining("is billed"),
  ]);
});

describe("a server is given up", () => {
  const AT = 60_000;

  function goneFound(
    reports: (log: ForgedLog) => void,
    silences: readonly Omit<Silence, "server">[],
    server: ServerId = SERVER,
  ): readonly string[] {
    const log = forgeLog();
    reports(log);
    log.tell(20_000, REQUEST, BEGUN);
    log.tell(AT, REQUEST, [lost("server-gone")]);
    const truth = { calls: [CALL], silences: silences.map((silence) => ({ ...silence, server })) };
    const evidence = forgedEvidence(log, { truth });
    const history = historiesOf(evidence).get(REQUEST) ?? [];
    return foundBy((report) => checkGone(evidence, history, report));
  }

  const steady = (log: ForgedLog): void => log.report(0, AT, 1);
  const silentFrom = (from: number, until: number) => (log: ForgedLog) => {
    log.report(0, from, 1);
    log.report(until, AT, 1);
  };
  const GONE = [expect.stringMatching(/^I3: .*could be heard/)];

  test("after a silence that the log shows too (I3)", () => {
    const stopped = { from: 44_000, until: AT + 1, ended: false };
    expect(goneFound(silentFrom(44_000, AT + 1), [stopped])).toEqual([]);
  });

  test("not for a moment of silence while it took the offer, nor just before (I3)", () => {
    expect(goneFound(steady, [{ from: 21_000, until: 21_300, ended: false }])).toEqual(GONE);
    expect(goneFound(steady, [{ from: 58_000, until: 58_300, ended: false }])).toEqual(GONE);
  });

  test("not for a silence that was over long ago (I3)", () => {
    const stopped = { from: 25_000, until: 40_000, ended: false };
    expect(goneFound(silentFrom(25_000, 40_000), [stopped])).toEqual(GONE);
  });

  test("not because the topic of reports was silent while it was up itself (I3)", () => {
    expect(goneFound(silentFrom(44_000, AT + 1), [])).toEqual(GONE);
    const other = [{ from: 44_000, until: AT + 1, ended: true }];
    expect(goneFound(silentFrom(44_000, AT + 1), other, "telephony-2" as ServerId)).toEqual(GONE);
  });

  test("once its next run has been heard for a while, and not at once (I3)", () => {
    expect(goneFound(steady, [{ from: 30_000, until: 32_000, ended: true }])).toEqual([]);
    expect(goneFound(steady, [{ from: 50_000, until: 52_000, ended: true }])).toEqual(GONE);
  });

  test("not for a run that was over before the offer (I3)", () => {
    expect(goneFound(steady, [{ from: 18_000, until: 19_000, ended: true }])).toEqual(GONE);
  });
});
