import { describe, expect, test } from "vitest";
import type { Envelope } from "../../domain/kernel/envelope.ts";
import { unownedEnvelope } from "../../domain/kernel/envelope.ts";
import type { Slot } from "../../domain/kernel/identifiers.ts";
import type { Entry } from "../../domain/ports/event-log.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { dispatched, NINE, REQUEST } from "../support/sample-request.ts";
import { createCarry, onTheWire } from "./carried.ts";

const ABOUT = { id: "e1", source: "dispatcher", subject: REQUEST, time: NINE, causationId: null };
const ENVELOPE: Envelope = unownedEnvelope(ABOUT);

const entryOf = (message: RequestEvent | null): Entry<"events"> => ({
  key: REQUEST,
  slot: 0 as Slot,
  envelope: ENVELOPE,
  message,
});

describe("a record that is carried as Avro", () => {
  test("arrives as it was written, and is another object", () => {
    const entry = entryOf(dispatched());
    const arrived = onTheWire("events", entry);
    expect(arrived).toEqual(entry);
    expect(arrived.message).not.toBe(entry.message);
    expect(onTheWire("events", entryOf(null)).message).toBeNull();
  });

  test("is refused, by the name of the field, where no schema has that", () => {
    const unheard: RequestEvent = Object.assign({}, dispatched(), { colour: "red" });
    expect(() => onTheWire("events", entryOf(unheard))).toThrow("message.colour");
    const misplaced = { ...entryOf(dispatched()), envelope: { ...ENVELOPE, colour: "red" } as Envelope };
    expect(() => onTheWire("events", misplaced)).toThrow("envelope.colour");
  });

  test("is refused where it lacks what its schema asks for", () => {
    const { expiresAt: _, ...lacking } = dispatched() as Extract<RequestEvent, { type: "Dispatched" }>;
    expect(() => onTheWire("events", entryOf(lacking as RequestEvent))).toThrow("expiresAt missing");
  });
});

/** Of 640 records. */
function carriedOf(seed: number): number {
  const carry = createCarry(seed);
  const entry = entryOf(dispatched());
  return Array.from({ length: 640 }, () => carry("events", entry)).filter((made) => made !== entry).length;
}

test("every 50th seed carries all of its records so, the others one in 64", () => {
  expect(carriedOf(50)).toBe(640);
  expect(carriedOf(51)).toBe(10);
});
