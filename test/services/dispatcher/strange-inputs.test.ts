/**
 * A record that can be read may still say anything: whoever may write to `requests` is not always one of ours. One
 * record that its owner can't digest would end that owner, and the next one, and the next.
 */
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { createMemoryKeyring } from "../../../adapters/keyring/memory-keyring.ts";
import { createNumberingPlan } from "../../../adapters/numbering/numbering-plan.ts";
import { createZoneClock } from "../../../adapters/system/zone-clock.ts";
import type { CustomerKey, OfferId, RequestId } from "../../../domain/kernel/identifiers.ts";
import type { Sealed } from "../../../domain/kernel/sealed.ts";
import { instant } from "../../../domain/kernel/time.ts";
import type { Outputs } from "../../../domain/ports/event-log.ts";
import type { InputMessage } from "../../../domain/request/commands.ts";
import { encode } from "../../../schemas/codec.ts";
import { ARBITRARY_MESSAGES } from "../../schemas/arbitrary-messages.ts";
import { CUSTOMER, HOTEL, NINE, REQUEST, SERVER, submission } from "../../support/sample-request.ts";
import { newShelf, sampleDesk } from "./sample-desk.ts";

const OTHER = "rq_z123456789abcdefghjkmnpqrs_0a1" as RequestId;
const OTHER_CUSTOMER = "00a1b2c3d4e5f60718293a4b5c6d7e90" as CustomerKey;
/** 17:00 UTC: an open hour everywhere in the United States. */
const OPEN_HOUR = instant(NINE + 8 * 3_600_000);
const YEAR_9999_MS = 253_402_300_799_999;
const RUNS = 400;

const keyring = createMemoryKeyring();
const ports = { keyring, numbering: createNumberingPlan(), zones: createZoneClock() };
let number: Sealed;
let noNumber: Sealed;
beforeAll(async () => {
  number = await keyring.seal(CUSTOMER, NINE, "+12125550123");
  noNumber = await keyring.seal(CUSTOMER, NINE, "not a number");
});

const anyInput: fc.Arbitrary<InputMessage> = fc.oneof(
  ARBITRARY_MESSAGES.requests.SubmitRequest,
  fc.oneof(...Object.values(ARBITRARY_MESSAGES.requests)),
);

/** How much of a record is about what is there, so that strange values get as far as they can. */
const nearness = fc.record({
  about: fc.constantFrom("nothing", "the open Request", "the open Request", "a new Request", "a new Request"),
  offer: fc.integer({ min: 1, max: 3 }),
  to: fc.constantFrom("garbage", "number", "no number"),
  lasts: fc.boolean(),
  tame: fc.constantFrom(true, true, false),
  id: fc.constantFrom(null, "__proto__", ""),
});
type Nearness = typeof nearness extends fc.Arbitrary<infer Value> ? Value : never;

function near(message: InputMessage, { about, offer, to, lasts }: Nearness, index: number): InputMessage {
  if (about === "nothing") return message;
  const known = {
    requestId:
      about === "the open Request" ? REQUEST : (`rq_${index}123456789abcdefghjkmnpqrs_0a1` as RequestId),
    offer: `${REQUEST}#${offer}` as OfferId,
    customer: CUSTOMER,
    sender: HOTEL,
    server: SERVER,
  };
  const changed = Object.entries(known).filter(([name]) => name in message);
  if (message.type !== "SubmitRequest") return { ...message, ...Object.fromEntries(changed) };
  const terms = {
    ...message.terms,
    sender: HOTEL,
    customer: CUSTOMER,
    to: to === "garbage" ? message.terms.to : to === "number" ? number : noNumber,
    notAfter: lasts ? instant(OPEN_HOUR + 86_400_000) : message.terms.notAfter,
  };
  return { ...message, ...Object.fromEntries(changed), terms };
}

/** Within the bounds of what the owner takes for one of ours, as strange as before otherwise. */
function tamed<Value>(value: Value): Value {
  if (typeof value === "number") return (Math.abs(value) % (YEAR_9999_MS + 1) || 0) as Value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([name, field]) => [
    name,
    name === "zone" && field !== null ? "Asia/Kathmandu" : tamed<unknown>(field),
  ]);
  return Object.fromEntries(entries) as Value;
}

/** A record that can't be written would end its owner as surely as one that throws. */
function encodeAll(outputs: Outputs | null): void {
  for (const entry of outputs?.events ?? []) encode("events", entry);
  for (const entry of outputs?.state ?? []) encode("state", entry);
  for (const entry of outputs?.offers ?? []) encode("offers", entry);
}

test("whatever a record of requests says, its owner digests it, and the next Request is called (row 44)", () => {
  let [taken, dispatched] = [0, 0];
  fc.assert(
    fc.property(fc.array(fc.tuple(anyInput, nearness), { minLength: 1, maxLength: 6 }), (inputs) => {
      const sample = sampleDesk(newShelf(OPEN_HOUR), undefined, ports);
      sample.report();
      sample.input(submission({ to: number, notAfter: instant(OPEN_HOUR + 86_400_000) }));
      sample.commit();
      for (const [index, [message, how]] of inputs.entries()) {
        const strange = near(message, how, index);
        sample.input(how.tame ? tamed(strange) : strange, how.id ?? undefined);
        sample.pass(2_000);
        const outputs = sample.desk.takeOutputs();
        encodeAll(outputs);
        taken +=
          outputs?.events.filter(({ message: event }) => event?.type === "RequestReceived").length ?? 0;
        dispatched += outputs?.offers.length ?? 0;
      }
      sample.report();
      const good = submission({
        customer: OTHER_CUSTOMER,
        to: number,
        notAfter: instant(OPEN_HOUR + 86_400_000),
      });
      sample.input({ ...good, requestId: OTHER, messageDigest: "good" });
      expect(sample.commit()).toContain("Dispatched");
    }),
    { numRuns: RUNS },
  );
  // Some of them got as far as that.
  expect(taken).toBeGreaterThan(RUNS / 10);
  expect(dispatched).toBeGreaterThan(0);
});
