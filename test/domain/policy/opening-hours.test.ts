import fc from "fast-check";
import { expect, test } from "vitest";
import { HOUR_MS, instant, MINUTE_MS } from "../../../domain/kernel/time.ts";
import {
  closingAfter,
  isOpen,
  nextOpening,
  type OpeningHours,
} from "../../../domain/policy/opening-hours.ts";
import { at, hours, ZONES } from "./sample-facts.ts";

const ALL_ZONES = Intl.supportedValuesOf("timeZone");
const WEEK_MS = 7 * 24 * HOUR_MS;

function group(zone: string, ...windows: readonly string[]): OpeningHours {
  return [windows.map((text) => ({ ...hours(text), zone }))];
}

function opening(open: OpeningHours, from: string): string | null {
  const start = at(from);
  const found = nextOpening(open, start, instant(start + WEEK_MS), ZONES);
  return found === null ? null : new Date(found).toISOString();
}

function closing(open: OpeningHours, from: string): string {
  const start = at(from);
  return new Date(closingAfter(open, start, instant(start + WEEK_MS), ZONES)).toISOString();
}

test("a window over midnight is open on both sides of it", () => {
  const night = group("Europe/London", "20:00-02:00");
  expect(opening(night, "2026-11-21T12:00:00Z")).toBe("2026-11-21T20:00:00.000Z");
  expect(isOpen(night, at("2026-11-22T01:59:59Z"), ZONES)).toBe(true);
  expect(closing(night, "2026-11-21T23:00:00Z")).toBe("2026-11-22T02:00:00.000Z");
});

test("windows that touch close only at the end of the last; a whole day never closes", () => {
  expect(closing(group("UTC", "08:00-12:00", "12:00-14:00"), "2026-11-21T09:00:00Z")).toBe(
    "2026-11-21T14:00:00.000Z",
  );
  expect(closing(group("UTC", "00:00-24:00"), "2026-11-21T09:00:00Z")).toBe("2026-11-28T09:00:00.000Z");
});

// New York, 8 March 2026: two o'clock becomes three. 1 November 2026: two becomes one.
test("in spring a window within the hour that is missing is skipped; one that begins in it opens after it", () => {
  expect(opening(group("America/New_York", "02:10-02:50"), "2026-03-08T06:00:00Z")).toBe(
    "2026-03-09T06:10:00.000Z",
  );
  expect(opening(group("America/New_York", "02:30-04:00"), "2026-03-08T06:00:00Z")).toBe(
    "2026-03-08T07:00:00.000Z",
  );
  expect(closing(group("America/New_York", "01:00-02:30"), "2026-03-08T06:30:00Z")).toBe(
    "2026-03-08T07:00:00.000Z",
  );
});

test("in autumn the first of the two readings opens, and nine hours of a wall clock may be ten", () => {
  expect(opening(group("America/New_York", "01:30-04:00"), "2026-11-01T04:00:00Z")).toBe(
    "2026-11-01T05:30:00.000Z",
  );
  expect(opening(group("America/New_York", "09:00-10:00"), "2026-11-01T04:00:00Z")).toBe(
    "2026-11-01T14:00:00.000Z",
  );
  expect(closing(group("America/New_York", "00:00-09:00"), "2026-11-01T04:30:00Z")).toBe(
    "2026-11-01T14:00:00.000Z",
  );
});

test("a clock that is put back into a window opens it at that instant", () => {
  // 00:00-01:30 closes at the first half past one, and is open again when two o'clock becomes one.
  const early = group("America/New_York", "00:00-01:30");
  expect(closing(early, "2026-11-01T04:00:00Z")).toBe("2026-11-01T05:30:00.000Z");
  expect(opening(early, "2026-11-01T05:30:00Z")).toBe("2026-11-01T06:00:00.000Z");
});

test("Lord Howe's half hour of daylight saving is no special case", () => {
  expect(opening(group("Australia/Lord_Howe", "02:15-03:00"), "2026-10-03T12:00:00Z")).toBe(
    "2026-10-03T15:30:00.000Z",
  );
});

test("windows that never meet are given up, however far the deadline", () => {
  const never = [...group("UTC", "08:00-09:00"), ...group("UTC", "10:00-11:00")];
  expect(nextOpening(never, at("2026-11-21T12:00:00Z"), at("2036-11-21T12:00:00Z"), ZONES)).toBeNull();
});

test("an opening at the deadline itself is none", () => {
  const open = group("UTC", "08:00-09:00");
  expect(nextOpening(open, at("2026-11-21T07:00:00Z"), at("2026-11-21T08:00:00Z"), ZONES)).toBeNull();
  expect(nextOpening(open, at("2026-11-21T07:00:00Z"), at("2026-11-21T08:00:01Z"), ZONES)).not.toBeNull();
});

const zone = fc.constantFrom(...ALL_ZONES);
const minute = fc.nat({ max: 1_440 });
const windowsIn = (name: string) =>
  fc.array(fc.record({ fromMinute: minute, toMinute: minute, zone: fc.constant(name) }), {
    minLength: 1,
    maxLength: 2,
  });
const openingHours = fc.array(zone.chain(windowsIn), { minLength: 1, maxLength: 3 });
// Around switches of daylight saving as much as between them.
const SWITCHES = [
  "2026-03-08T07:00:00Z",
  "2026-11-01T06:00:00Z",
  "2026-03-29T01:00:00Z",
  "2026-10-25T01:00:00Z",
  "2026-10-03T15:30:00Z",
  "2026-04-04T15:00:00Z",
];
const moment = fc.oneof(
  fc.integer({ min: Date.UTC(2020), max: Date.UTC(2037) }),
  fc
    .tuple(fc.constantFrom(...SWITCHES), fc.integer({ min: -30 * HOUR_MS, max: 6 * HOUR_MS }))
    .map(([text, offset]) => at(text) + offset),
);

test("what is found open is open in every zone, and nothing before it was", () => {
  fc.assert(
    fc.property(openingHours, moment, (open, from) => {
      const start = instant(from);
      const found = nextOpening(open, start, instant(from + 3 * 24 * HOUR_MS), ZONES);
      const end = found ?? instant(from + 3 * 24 * HOUR_MS);
      expect(found === null || isOpen(open, found, ZONES)).toBe(true);
      // Slow and simple: every quarter of an hour, and the last millisecond.
      for (let probe = from; probe < end; probe += 15 * MINUTE_MS) {
        expect(isOpen(open, instant(probe), ZONES)).toBe(false);
      }
      expect(end > start && isOpen(open, instant(end - 1), ZONES)).toBe(false);
    }),
    { numRuns: 300 },
  );
});

test("until it closes it is open, and then it is not", () => {
  fc.assert(
    fc.property(openingHours, moment, (open, from) => {
      const start = instant(from);
      fc.pre(isOpen(open, start, ZONES));
      const limit = instant(from + 2 * 24 * HOUR_MS);
      const end = closingAfter(open, start, limit, ZONES);
      for (let probe = from; probe < end; probe += 15 * MINUTE_MS) {
        expect(isOpen(open, instant(probe), ZONES)).toBe(true);
      }
      expect(isOpen(open, instant(end - 1), ZONES)).toBe(true);
      expect(end === limit || !isOpen(open, end, ZONES)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("every zone of the world opens its morning within two days of any switch", () => {
  for (const name of ALL_ZONES) {
    for (const text of SWITCHES) {
      const from = at(text);
      const found = nextOpening(group(name, "08:00-21:00"), from, instant(from + 48 * HOUR_MS), ZONES);
      expect(found === null ? null : isOpen(group(name, "08:00-21:00"), found, ZONES)).toBe(true);
    }
  }
});
