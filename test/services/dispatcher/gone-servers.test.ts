/** Servers that are silent, gone, or started anew (J04, J07, I09, L16). */
import { expect, test } from "vitest";
import type { InputMessage } from "../../../domain/request/commands.ts";
import { hear } from "../../../projections/telephony-load.ts";
import { CUSTOMER, later, NINE, SERVER, submission } from "../../support/sample-request.ts";
import { answerTo, newestOffer, type SampleDesk, SERVER_SILENT_MS, sampleDesk } from "./sample-desk.ts";

const STARTED: InputMessage = {
  type: "InboundStarted",
  inboundId: "in_1",
  customer: CUSTOMER,
  server: SERVER,
  port: 1,
  sipCallId: "s",
  at: NINE,
  runStartedAt: NINE,
};
const ENDED: InputMessage = {
  type: "InboundEnded",
  inboundId: "in_1",
  customer: CUSTOMER,
  server: SERVER,
  port: 1,
  startedAt: NINE,
  endedBy: "network",
  at: later(600_000),
};

/** Time goes by; every second the log is seen to work, and the server reports or not. */
function watch(desk: SampleDesk, seconds: number, reports: boolean): string[] {
  const types: string[] = [];
  for (let second = 0; second < seconds; second += 1) {
    desk.pass(1_000);
    hear(desk.load, desk.now());
    if (reports) desk.report();
    types.push(...desk.commit());
  }
  return types;
}

/** The server's run that began a minute after nine goes on reporting. */
function reportOn(desk: SampleDesk, seconds: number): string[] {
  const types: string[] = [];
  for (let second = 0; second < seconds; second += 1) {
    desk.pass(1_000);
    desk.report({ startedAt: later(60_000), at: later(60_000 + second * 1_000) });
    types.push(...desk.commit());
  }
  return types;
}

function calling(): SampleDesk {
  const desk = sampleDesk();
  desk.report();
  desk.input(submission());
  desk.input(answerTo(newestOffer(desk.commit().length > 0 ? desk : desk), "OfferAccepted", desk.now()));
  desk.commit();
  return desk;
}

test("a server that is not heard any more is gone, and its calls are lost (L16)", () => {
  const desk = calling();
  const types = watch(desk, (2 * SERVER_SILENT_MS) / 1_000, false);
  expect(types).toContain("CallLost");
  expect(desk.events().findLast((event) => event?.type === "CallLost")).toMatchObject({
    how: "server-gone",
    phase: "invited",
  });
});

test("while nothing at all comes through on the topic of reports nobody is declared gone (J07)", () => {
  const desk = calling();
  for (let second = 0; second < 120; second += 1) {
    desk.pass(1_000);
    expect(desk.commit()).not.toContain("CallLost");
  }
  expect(watch(desk, 20, false)).toContain("CallLost");
});

test("a server that is gone leaves no Customer's line taken: who called in at it is told as over (I16)", () => {
  const desk = sampleDesk();
  desk.report();
  desk.input(STARTED);
  desk.input(submission());
  desk.commit();
  const types = watch(desk, 20, false);
  expect(types).toContain("InboundEnded");
  expect(desk.events().findLast((event) => event?.type === "InboundEnded")).toMatchObject({
    inboundId: "in_1",
    endedBy: "server-gone",
  });
  desk.report({ startedAt: later(30_000), at: desk.now() });
  expect([...types, ...desk.commit()]).toContain("Dispatched");
});

test("the same after a restore, by an owner that never saw the call begin", () => {
  const desk = sampleDesk();
  desk.report();
  desk.input(STARTED);
  desk.commit();
  const next = desk.successor();
  next.report();
  expect(watch(next, 20, false)).toContain("InboundEnded");
});

test("a server that comes back after it was gone can't end, or begin, its calls a second time", () => {
  const desk = sampleDesk();
  desk.report();
  desk.input(STARTED);
  desk.commit();
  watch(desk, 20, false);
  const next = desk.successor();
  next.input(ENDED, "late-end");
  next.input(STARTED, "late-start");
  expect(next.commit()).toEqual(["FactIgnored", "FactIgnored"]);
  expect(next.events().at(-1)).toMatchObject({ fact: "InboundStarted", reason: "server-gone" });
});

test("a server that started anew ends what its earlier run held, once its journal has had its say (J04)", () => {
  const desk = calling();
  const anew = { startedAt: later(60_000) };
  for (let second = 0; second < 9; second += 1) {
    desk.pass(1_000);
    desk.report(anew);
    expect(desk.commit()).toEqual([]);
  }
  const types: string[] = [];
  for (let second = 0; second < 5; second += 1) {
    desk.pass(1_000);
    desk.report(anew);
    types.push(...desk.commit());
  }
  expect(types).toContain("CallLost");
});

test("what its new run has taken is no business of the earlier one", () => {
  const desk = sampleDesk();
  desk.report();
  desk.input(submission());
  desk.commit();
  // It was up again before we heard of it, and took the offer.
  desk.input(answerTo(newestOffer(desk), "OfferAccepted", later(60_100), later(60_000)));
  desk.commit();
  for (let second = 0; second < 30; second += 1) {
    desk.pass(1_000);
    desk.report({ startedAt: later(60_000), at: later(60_000 + second * 1_000) });
    expect(desk.commit()).toEqual([]);
  }
});

test("an owner that comes to a line of an earlier run, of which nobody tells the end, frees it (I16)", () => {
  const desk = sampleDesk();
  desk.report();
  desk.input(STARTED);
  desk.commit();
  const next = desk.successor();
  expect(reportOn(next, 20)).toContain("InboundEnded");
});

test("a line of an earlier run is told by its run, not by a clock that may have been set back (I16)", () => {
  const desk = sampleDesk();
  desk.report();
  desk.input({ ...STARTED, at: later(3_600_000) });
  desk.commit();
  expect(reportOn(desk, 20)).toContain("InboundEnded");
});

test("a caller of an earlier run who is told of late holds no line (I16)", () => {
  const desk = sampleDesk();
  desk.report();
  desk.pass(1_000);
  desk.report({ startedAt: later(60_000) });
  desk.input(STARTED);
  desk.commit();
  expect(reportOn(desk, 20)).toContain("InboundEnded");
});

test("a caller of a run whose reports have not come yet keeps the line (I3)", () => {
  const desk = sampleDesk();
  desk.report();
  desk.input({ ...STARTED, at: later(60_100), runStartedAt: later(60_000) });
  desk.commit();
  const types: string[] = [];
  // Its topic is away for a while: a probe shows so much that it works again before the server is heard.
  for (let second = 0; second < 2; second += 1) {
    desk.pass(1_000);
    desk.report();
    types.push(...desk.commit());
  }
  for (let second = 0; second < 40; second += 1) {
    desk.pass(1_000);
    types.push(...desk.commit());
  }
  types.push(...reportOn(desk, 20));
  expect(types).not.toContain("InboundEnded");
});

test("an owner that hears of a server's run only after it has restored that run's call leaves the call alone (I3)", () => {
  const desk = sampleDesk();
  desk.report({ startedAt: later(60_000), at: later(60_000) });
  desk.input(submission());
  desk.commit();
  desk.input(answerTo(newestOffer(desk), "OfferAccepted", later(60_100), later(60_000)));
  desk.commit();
  // Its process was cut off: what it knows of the server is from before that server's last start.
  const next = desk.successor();
  next.report({ startedAt: NINE });
  const types = [...next.commit(), ...reportOn(next, 30)];
  expect(types).not.toContain("CallLost");
});
