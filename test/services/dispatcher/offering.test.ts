/** Who is offered where and when, as the Receiver's rules have it (F05-F08, L12-L14, O06). */
import { describe, expect, test } from "vitest";
import type { RequestId, ServerId } from "../../../domain/kernel/identifiers.ts";
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { RequestTerms } from "../../../domain/request/terms.ts";
import { foldLoad } from "../../../projections/telephony-load.ts";
import { CUSTOMER, later, NINE, REQUEST, SERVER, submission } from "../../support/sample-request.ts";
import { answerTo, idle, newestOffer, type SampleDesk, sampleDesk } from "./sample-desk.ts";

/** Request number `n`, to a Customer of its own. */
function ask(desk: SampleDesk, n: number, change: Partial<RequestTerms> = {}): void {
  const requestId = `rq_${String(n).padStart(26, "0")}_0a1` as RequestId;
  const customer = `00a1${String(n).padStart(28, "0")}` as typeof CUSTOMER;
  desk.input({ ...submission({ customer, ...change }), requestId, messageDigest: `digest-${n}` });
}

function offers(desk: SampleDesk) {
  return desk.offers().flatMap((message) => (message?.type === "Offer" ? [message] : []));
}

function refuse(desk: SampleDesk): void {
  desk.input(answerTo(newestOffer(desk), "OfferRejected", desk.now()));
  desk.commit();
}

/** How many offers are refused before a Request of this level fails. */
function offersUntilFailed(serviceLevel: "basic" | "enhanced"): number {
  const desk = sampleDesk();
  desk.rules({ offerRefusalsMax: 2, enhancedOfferRefusalsMax: 4 });
  ask(desk, 1, { serviceLevel });
  for (let tries = 0; tries < 6; tries += 1) {
    desk.pass(5_000);
    desk.report();
    desk.commit();
    if (offers(desk).length > tries) refuse(desk);
  }
  expect(desk.events().at(-1)).toMatchObject({ type: "RequestFailed", outcome: "offers-exhausted" });
  return offers(desk).length;
}

describe("the rules, switched while the house runs", () => {
  test("say by which scheme servers are chosen (F05)", () => {
    const desk = sampleDesk();
    const servers = ["telephony-1", "telephony-2"] as ServerId[];
    for (const server of servers) foldLoad(desk.load, { ...idle(server, NINE), ports: 100 }, NINE);
    for (let n = 0; n < 10; n += 1) ask(desk, n);
    desk.commit();
    expect(new Set(offers(desk).map(({ server }) => server)).size).toBe(1);
    desk.rules({ serverChoice: "round-robin" });
    for (let n = 10; n < 20; n += 1) ask(desk, n);
    desk.commit();
    const turns = offers(desk)
      .slice(10)
      .map(({ server }) => server);
    expect(turns.filter((server) => server === "telephony-2")).toHaveLength(5);
  });

  test("cap the calls of all servers together, and each offer brings the cap of its server (F06)", () => {
    const desk = sampleDesk();
    desk.rules({ loadPercentMax: 50, serverLoadPercentMax: 75, inboundReserve: 1 });
    desk.report();
    for (let n = 0; n < 4; n += 1) ask(desk, n);
    desk.commit();
    expect(offers(desk)).toHaveLength(2);
    expect(offers(desk)[0]).toMatchObject({ outboundPercentMax: 75, inboundReserve: 1 });
  });

  test("say how long a Request waits for a free line; after N such waits it fails (F08)", () => {
    const desk = sampleDesk();
    desk.rules({ lineWaitMs: milliseconds(60_000), offerRefusalsMax: 2 });
    desk.input(submission());
    desk.pass(59_000);
    expect(desk.commit()).toEqual(["RequestReceived", "RequestQueued"]);
    desk.pass(1_000);
    expect(desk.commit()).toEqual(["LineWaitEnded", "RequestQueued"]);
    desk.pass(60_000);
    expect(desk.commit()).toEqual(["LineWaitEnded", "RequestFailed"]);
    expect(desk.events().at(-1)).toMatchObject({ outcome: "no-line" });
  });

  test("hold for those who wait already", () => {
    const desk = sampleDesk();
    desk.input(submission());
    desk.pass(600_000);
    expect(desk.commit()).toEqual(["RequestReceived", "RequestQueued"]);
    desk.rules({ lineWaitMs: milliseconds(60_000) });
    desk.pass(61_000);
    expect(desk.commit()).toContain("LineWaitEnded");
  });

  test("give enhanced Requests an N of their own (O06)", () => {
    expect(offersUntilFailed("basic")).toBe(2);
    expect(offersUntilFailed("enhanced")).toBe(4);
  });
});

test("a Customer's own busy line is no lack of ours: it costs no refusal (F08)", () => {
  const desk = sampleDesk();
  desk.rules({ lineWaitMs: milliseconds(60_000), offerRefusalsMax: 2 });
  const line = { inboundId: "in_1", customer: CUSTOMER, server: SERVER, port: 1 };
  desk.input(submission());
  desk.input({ type: "InboundStarted", ...line, sipCallId: "s", at: NINE, runStartedAt: NINE });
  desk.commit();
  for (let minute = 0; minute < 10; minute += 1) {
    desk.pass(60_000);
    desk.report();
  }
  expect(desk.commit()).toEqual([]);
  desk.input({ type: "InboundEnded", ...line, startedAt: NINE, endedBy: "customer", at: desk.now() });
  expect(desk.commit()).toEqual(["InboundEnded", "Dispatched"]);
});

describe("a refused offer (L10-L14, J10)", () => {
  test("uses no attempt, and its server is not asked again before it has reported anew", () => {
    const desk = sampleDesk();
    desk.report();
    desk.input(submission());
    desk.commit();
    refuse(desk);
    desk.pass(900);
    expect(offers(desk)).toHaveLength(1);
    desk.report();
    desk.commit();
    expect(offers(desk).map(({ attempt }) => attempt)).toEqual([1, 1]);
  });

  test("goes to another server at once (L14)", () => {
    const desk = sampleDesk();
    for (const name of ["telephony-1", "telephony-2"]) {
      foldLoad(desk.load, idle(name as ServerId, NINE), NINE);
    }
    desk.input(submission());
    desk.commit();
    refuse(desk);
    expect(offers(desk).map(({ server }) => server)).toEqual(["telephony-1", "telephony-2"]);
  });

  test("is followed by a pause from the second in a row on, so that no queue runs hot", () => {
    const desk = sampleDesk();
    desk.report();
    desk.input(submission());
    desk.commit();
    const madeAt = [desk.now()];
    for (let ms = 0; ms < 5_000; ms += 50) {
      desk.pass(50);
      desk.report();
      if (desk.commit().includes("Dispatched")) madeAt.push(desk.now());
      if (offers(desk).length === madeAt.length && madeAt.length < 5) refuse(desk);
    }
    const pauses = madeAt.slice(1).map((at, index) => at - (madeAt[index] ?? at));
    expect(pauses).toHaveLength(4);
    for (const [index, least] of [0, 200, 400, 800].entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(least);
      expect(pauses[index]).toBeLessThanOrEqual(least + 150);
    }
  });
});

test("a clock that steps neither ends nor lengthens a pause, a wait or an offer (row 48)", () => {
  const desk = sampleDesk();
  desk.report();
  desk.input(submission());
  desk.commit();
  // An hour back: the offer runs out by the steady clock all the same, five seconds after it was made.
  desk.desk.pump(later(-3_600_000));
  desk.pass(5_000);
  expect(desk.commit()).toContain("DispatchRejected");
});

test("Customers are forgotten when nothing depends on them, and so is their changelog (H10, H14)", () => {
  const desk = sampleDesk();
  const line = { inboundId: "in_1", customer: CUSTOMER, server: SERVER, port: 1 };
  desk.input({ type: "InboundStarted", ...line, sipCallId: "s", at: NINE, runStartedAt: NINE });
  desk.input({ type: "InboundEnded", ...line, startedAt: NINE, endedBy: "customer", at: NINE });
  desk.commit();
  desk.pass(7_200_000);
  const forgotten = desk.desk.takeOutputs()?.state.find(({ key }) => key === CUSTOMER);
  expect(forgotten).toMatchObject({ message: null });
  expect(REQUEST).not.toBe(CUSTOMER);
});
