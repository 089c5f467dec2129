import fc from "fast-check";
import { expect, test } from "vitest";
import { createZoneClock } from "../../../adapters/system/zone-clock.ts";
import { instant } from "../../../domain/kernel/time.ts";

const clock = createZoneClock();

test("an instant reads differently in each zone", () => {
  const at = instant(Date.parse("2026-11-22T03:30:59Z"));
  expect(clock.localTime(at, "America/New_York")).toEqual({
    year: 2026,
    month: 11,
    day: 21,
    weekday: 6,
    minute: 22 * 60 + 30,
  });
  expect(clock.localTime(at, "Asia/Kathmandu")).toEqual({
    year: 2026,
    month: 11,
    day: 22,
    weekday: 0,
    minute: 9 * 60 + 15,
  });
});

test("midnight is minute 0 of the new day", () => {
  expect(clock.localTime(instant(Date.parse("2026-11-22T00:00:00Z")), "UTC")).toMatchObject({
    day: 22,
    minute: 0,
  });
});

test("in UTC it reads what the calendar says, at any time of four centuries", () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(1800), max: Date.UTC(2200) }), (at) => {
      const date = new Date(at);
      expect(clock.localTime(instant(at), "UTC")).toEqual({
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        weekday: date.getUTCDay(),
        minute: date.getUTCHours() * 60 + date.getUTCMinutes(),
      });
    }),
  );
});

test("every zone of this Node is one, and so are old names", () => {
  expect(Intl.supportedValuesOf("timeZone").every((zone) => clock.isZone(zone))).toBe(true);
  expect(
    ["UTC", "Asia/Calcutta", "US/Eastern", "America/Argentina/Buenos_Aires"].every((zone) =>
      clock.isZone(zone),
    ),
  ).toBe(true);
});

test.each([
  "",
  "Mars/Olympus",
  "+05:30",
  "-08",
  "America/New_York; DROP",
  "../etc/passwd",
  "x".repeat(10_000),
])("%j is no zone", (name) => {
  expect(clock.isZone(name)).toBe(false);
  expect(() => clock.localTime(instant(0), name)).toThrow(RangeError);
});

test("more readings, and more spellings of zones, than are kept are read as truly", () => {
  const minutes = Array.from({ length: 1_000 }, (_, index) => index);
  const read = minutes.map((minute) => clock.localTime(instant(minute * 60_000), "UTC").minute);
  expect(read).toEqual(minutes);
  const letters = "europeberlin";
  const spellings = Array.from({ length: 1_100 }, (_, bits) =>
    Array.from(letters, (letter, place) => ((bits >> place) & 1 ? letter.toUpperCase() : letter)).join(""),
  ).map((name) => `${name.slice(0, 6)}/${name.slice(6)}`);
  expect(new Set(spellings.map((zone) => clock.localTime(instant(0), zone).minute))).toEqual(new Set([60]));
});

test("the version of the tables is named", () => {
  expect(clock.version).toMatch(/^\d{4}[a-z]$/);
});
