import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createChance } from "../../adapters/system/chance.ts";
import type { CustomerKey, RequestId } from "../../domain/kernel/identifiers.ts";
import { type PhoneNumber, parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import { parseSealed } from "../../domain/kernel/sealed.ts";
import { instant, milliseconds } from "../../domain/kernel/time.ts";
import type { Erased } from "../../domain/ports/erasure.ts";
import { createErasure } from "../../services/erasure.ts";
import { createHouse, type House } from "../support/house.ts";

function numberOf(text: string): PhoneNumber {
  const number = parsePhoneNumber(text);
  if (number === null) throw new Error("the test's own number is malformed");
  return number;
}

const ANNA = numberOf("+12125550123");
const BERT = numberOf("+12125550124");
const HOUR = 3_600_000;

let house: House;

beforeEach(async () => {
  house = await createHouse();
});
afterEach(() => house.close());

/** Lets time pass until the erasure has answered. */
async function erase(who: PhoneNumber | CustomerKey): Promise<Erased> {
  const { log, keyring, clock } = house;
  const chance = createChance(() => clock.now());
  const erasing = createErasure({ log, keyring, clock, chance }, milliseconds(30_000)).erase(who);
  const over = new AbortController();
  void erasing.finally(() => over.abort());
  while (!over.signal.aborted) await clock.advance(50);
  return erasing;
}

const waiting = (): { notBefore: ReturnType<typeof instant>; notAfter: ReturnType<typeof instant> } => ({
  notBefore: instant(house.clock.now() + HOUR),
  notAfter: instant(house.clock.now() + 2 * HOUR),
});

/** Everything sealed in the log, whatever topic it stands in. */
async function sealedTexts(): Promise<string[]> {
  const found = new Set<string>();
  for (const topic of ["requests", "events", "state", "offers"] as const) {
    for (let partition = 0; partition < house.log.partitionCount(topic); partition += 1) {
      for await (const records of house.log.read(topic, partition)) {
        for (const text of JSON.stringify(records).matchAll(/[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{38,}/g))
          found.add(text[0]);
      }
    }
  }
  return [...found];
}

function openAll(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => {
    const sealed = parseSealed(text);
    const opened = sealed === null ? null : house.keyring.openNow(sealed);
    return opened === null ? [] : [opened];
  });
}

describe("forgetting a Customer", () => {
  test("takes back what waits, and leaves nothing that could be opened", async () => {
    await house.startDispatcher();
    const request = await house.post(waiting());
    await house.until(request, "RequestScheduled");
    expect(openAll(await sealedTexts())).toContain(ANNA);
    const erased = await erase(ANNA);
    expect(erased).toMatchObject({ keys: 1, takenBack: [request], stillCalling: [], isConfirmed: true });
    expect(await house.history(request)).toEqual([
      "RequestReceived",
      "RequestScheduled",
      "CancelRequested",
      "RequestCancelled",
    ]);
    expect(openAll(await sealedTexts())).toEqual([]);
  });

  test("writes one CustomerErased under the pseudonym, caused by the command", async () => {
    await house.startDispatcher();
    await house.post(waiting());
    const { customer } = await erase(ANNA);
    const events = await house.events();
    expect(events.filter(({ type }) => type === "CustomerErased")).toEqual([
      { type: "CustomerErased", at: expect.any(Number), customer, keys: 1 },
    ]);
    expect(customer).toBe(house.keyring.pseudonym(ANNA));
  });

  test("hangs up a call in progress; what its last facts were sealed under goes too", async () => {
    await house.startDispatcher();
    await house.startServer("alpha", { farEnd: () => ({ does: "answer", afterMs: 1_000, talkMs: 500_000 }) });
    const request = await house.post();
    await house.until(request, "SessionStarted");
    const erased = await erase(ANNA);
    // Two keys: the result that the dialog gave at its end was sealed under a new one.
    expect(erased).toMatchObject({ keys: 2, takenBack: [request], stillCalling: [], isConfirmed: true });
    expect((await house.history(request)).slice(-3, -1)).toEqual(["CancelRequested", "CallCompleted"]);
    expect(openAll(await sealedTexts())).toEqual([]);
  });

  test("touches nobody else", async () => {
    await house.startDispatcher();
    const other = await house.post({ ...waiting(), to: BERT, userData: "room 9" });
    await house.until(other, "RequestScheduled");
    expect(await erase(ANNA)).toMatchObject({ keys: 0, takenBack: [] });
    expect(openAll(await sealedTexts()).toSorted()).toEqual([BERT, "room 9"]);
    expect(await house.history(other)).toEqual(["RequestReceived", "RequestScheduled"]);
  });

  test("may be named by its pseudonym, which is all that is left after a restore", async () => {
    await house.post();
    await erase(house.keyring.pseudonym(ANNA));
    expect(openAll(await sealedTexts())).toEqual([]);
  });

  test("asked again changes nothing and says so", async () => {
    await house.startDispatcher();
    const request = await house.post(waiting());
    await house.until(request, "RequestScheduled");
    await erase(ANNA);
    const before = await house.history(request);
    expect(await erase(ANNA)).toMatchObject({ keys: 0, takenBack: [], isConfirmed: true });
    expect(await house.history(request)).toEqual(before);
  });

  test("works while no dispatcher runs; the next one takes back what is open, and calls nobody", async () => {
    const request = await house.post();
    expect(await erase(ANNA)).toMatchObject({ keys: 1, takenBack: [], isConfirmed: false });
    const { telephony } = await house.startServer("alpha");
    await house.startDispatcher();
    await house.until(request, "PolicyRejected");
    await house.clock.advance(60_000);
    expect(telephony.placed).toEqual([]);
    expect((await house.events()).map(({ type }) => type)).toContain("CustomerErased");
  });

  test("is remembered by the next owner, and an old message sent again calls nobody", async () => {
    const dispatcher = await house.startDispatcher();
    const request = await house.post(waiting(), "the same key");
    await house.until(request, "RequestScheduled");
    await erase(ANNA);
    await dispatcher.stop();
    await house.startDispatcher();
    expect(await house.post(waiting(), "the same key")).toBe(request);
    await house.clock.advance(2 * HOUR);
    expect(await house.history(request)).toEqual([
      "RequestReceived",
      "RequestScheduled",
      "CancelRequested",
      "RequestCancelled",
      "FactIgnored",
    ]);
  });

  test("does not keep the Customer from being called again by a new Request", async () => {
    await house.startDispatcher();
    await house.post(waiting());
    await erase(ANNA);
    const request: RequestId = await house.post(waiting());
    await house.until(request, "RequestScheduled");
    expect(openAll(await sealedTexts()).toSorted()).toEqual([ANNA, "room 12"]);
  });
});
