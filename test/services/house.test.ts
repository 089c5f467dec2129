import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import { createRequestBoard } from "../../services/request-board.ts";
import { createHouse, type House } from "../support/house.ts";

let house: House;

beforeEach(async () => {
  house = await createHouse();
});
afterEach(async () => {
  await house.close();
});

describe("one Request through the house (A02)", () => {
  test("is received, checked, queued, offered, granted, called, and completed (L02, L04, L07, L10, L15, L17)", async () => {
    const dispatcher = await house.startDispatcher();
    const { server, telephony } = await house.startServer("telephony-1");
    const request = await house.post();
    await house.until(request, "RequestCompleted");
    expect(await house.history(request)).toEqual([
      "RequestReceived",
      "RequestQueued",
      "Dispatched",
      "Accepted",
      "CallPlaced",
      "CallRinging",
      "CallAnswered",
      "SessionStarted",
      "InputCollected",
      "CallCompleted",
      "RequestCompleted",
    ]);
    expect(telephony.placed).toHaveLength(1);
    await server.stop();
    await dispatcher.stop();
  });

  test("to 911 is refused, and the refusal is logged with every verdict (G07, F16)", async () => {
    const dispatcher = await house.startDispatcher();
    const to = parsePhoneNumber("+19115550123");
    if (to === null) throw new Error("not E.164");
    const emergency = await house.submit({ to: "+1911" as typeof to });
    expect(emergency).toMatchObject({ ok: true });
    if (!emergency.ok) return;
    await house.until(emergency.requestId, "PolicyRejected");
    const [rejected] = (await house.events()).filter(({ type }) => type === "PolicyRejected");
    if (rejected?.type !== "PolicyRejected") throw new Error("no rejection");
    expect(rejected.verdicts.some(({ says }) => says === "refuse")).toBe(true);
    expect(rejected.verdicts.length).toBeGreaterThan(5);
    await dispatcher.stop();
  });

  test("is known as received at every gateway before any dispatcher has seen it (M08)", async () => {
    const request = await house.post();
    expect(await house.board.statusOf(request)).toMatchObject({ status: "received", final: false });
    const elsewhere = createRequestBoard({ log: house.log, clock: house.clock });
    await elsewhere.start();
    expect(await elsewhere.statusOf(request)).toMatchObject({ status: "received", sender: "hotel" });
    await elsewhere.stop();
  });

  test("posted twice with one key is one Request and one call (H09)", async () => {
    const dispatcher = await house.startDispatcher();
    const { server, telephony } = await house.startServer("telephony-1");
    const first = await house.post({}, "same");
    const second = await house.post({}, "same");
    expect(second).toBe(first);
    await house.until(first, "RequestCompleted");
    expect(telephony.placed).toHaveLength(1);
    await server.stop();
    await dispatcher.stop();
  });

  test("waits in the queue until a server is there (E05)", async () => {
    const dispatcher = await house.startDispatcher();
    const request = await house.post();
    await house.until(request, "RequestQueued");
    await house.clock.advance(5_000);
    expect(await house.history(request)).toEqual(["RequestReceived", "RequestQueued"]);
    const { server } = await house.startServer("telephony-1");
    await house.until(request, "RequestCompleted");
    await server.stop();
    await dispatcher.stop();
  });

  test("never calls one Customer twice at once (I3)", async () => {
    const dispatcher = await house.startDispatcher();
    let most = 0;
    const started = await house.startServer("telephony-1", {
      farEnd: () => {
        most = Math.max(most, started.telephony.inProgress() + 1);
        return { does: "answer", afterMs: 1_000, talkMs: 5_000 };
      },
    });
    const first = await house.post();
    const second = await house.post();
    await house.until(first, "RequestCompleted");
    await house.until(second, "RequestCompleted");
    expect(started.telephony.placed).toHaveLength(2);
    expect(most).toBe(1);
    await started.server.stop();
    await dispatcher.stop();
  });
});

describe("calls that do not succeed", () => {
  test("a busy Customer is called again after a while, and then the Request fails", async () => {
    const dispatcher = await house.startDispatcher();
    const { server, telephony } = await house.startServer("telephony-1", {
      farEnd: () => ({ does: "refuse", sipCode: 486, afterMs: 100 }),
    });
    const request = await house.post({ maxAttempts: 2 });
    await house.until(request, "RequestFailed", 400_000);
    expect(telephony.placed).toHaveLength(2);
    expect(await house.history(request)).toContain("RetryScheduled");
    await server.stop();
    await dispatcher.stop();
  });

  test("a Customer who never answers is let ring for the limit, no longer (K13)", async () => {
    const dispatcher = await house.startDispatcher();
    const { server } = await house.startServer("telephony-1", { farEnd: () => ({ does: "ring" }) });
    const request = await house.post();
    await house.until(request, "RequestFailed");
    expect((await house.board.statusOf(request))?.outcome).toBe("no-answer");
    await server.stop();
    await dispatcher.stop();
  });
});

describe("cancelling", () => {
  test("a queued Request calls nobody", async () => {
    const dispatcher = await house.startDispatcher();
    const request = await house.post();
    await house.until(request, "RequestQueued");
    const who = {
      sender: "hotel" as never,
      authentication: { mechanism: "password" as const, keyId: "hotel" },
      createdAt: null,
      messageId: null,
    };
    expect(await house.intake.cancel(who, request)).toMatchObject({ ok: true });
    await house.until(request, "RequestCancelled");
    const { server, telephony } = await house.startServer("telephony-1");
    await house.clock.advance(5_000);
    expect(telephony.placed).toHaveLength(0);
    expect(await house.intake.cancel(who, request)).toEqual({ ok: false, reason: "over" });
    await server.stop();
    await dispatcher.stop();
  });
});

describe("an incoming call (I02, I04)", () => {
  test("takes a port, hears the callers' document, and frees the port", async () => {
    const dispatcher = await house.startDispatcher();
    const { server, telephony } = await house.startServer("telephony-1");
    const answer = telephony.ringIn({ caller: parsePhoneNumber("+12125550199") });
    expect(answer).toMatchObject({ take: true });
    await house.clock.advance(1_000);
    const types = (await house.events()).map(({ type }) => type);
    expect(types).toContain("InboundStarted");
    await server.stop();
    await dispatcher.stop();
  });

  test("is refused with 486 when every port carries a call", async () => {
    const dispatcher = await house.startDispatcher();
    const { server, telephony } = await house.startServer("telephony-1", { ports: 1 });
    telephony.ringIn({});
    expect(telephony.ringIn({ sipCallId: "in-2" })).toMatchObject({ take: false, sipCode: 486 });
    await server.stop();
    await dispatcher.stop();
  });
});

describe("the Receiver's rules, switched while it runs", () => {
  test("cap the calls of each server: one more than the cap waits until one has ended (F06)", async () => {
    await house.administration.apply({
      rules: { version: "house@1", serverLoadPercentMax: 50, serverChoice: "round-robin" },
    });
    const dispatcher = await house.startDispatcher();
    const { server, telephony } = await house.startServer("telephony-1", { ports: 4 });
    const requests = [];
    for (const number of ["+12125550131", "+12125550132", "+12125550133"]) {
      const to = parsePhoneNumber(number);
      if (to === null) throw new Error("not E.164");
      requests.push(await house.post({ to }));
    }
    await house.clock.advance(5_000);
    expect(telephony.inProgress()).toBe(2);
    await house.administration.apply({ rules: { version: "house@2", serverLoadPercentMax: 75 } });
    await house.clock.advance(2_000);
    expect(telephony.inProgress()).toBe(3);
    for (const request of requests) await house.until(request, "RequestCompleted");
    await server.stop();
    await dispatcher.stop();
  });

  test("end the wait for a free line after N such waits, as the Sender can see (F08, L12, L13)", async () => {
    await house.administration.apply({
      rules: { version: "house@1", lineWaitSeconds: 30, offerRefusalsMax: 2 },
    });
    const dispatcher = await house.startDispatcher();
    const request = await house.post();
    await house.until(request, "RequestFailed");
    expect(await house.history(request)).toEqual([
      "RequestReceived",
      "RequestQueued",
      "LineWaitEnded",
      "RequestQueued",
      "LineWaitEnded",
      "RequestFailed",
    ]);
    expect((await house.board.statusOf(request))?.outcome).toBe("no-line");
    await dispatcher.stop();
  });
});
