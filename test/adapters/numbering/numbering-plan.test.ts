import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createNumberingPlan } from "../../../adapters/numbering/numbering-plan.ts";
import { createZoneClock } from "../../../adapters/system/zone-clock.ts";
import { type PhoneNumber, parsePhoneNumber } from "../../../domain/kernel/phone-number.ts";

const clock = createZoneClock();
const plan = createNumberingPlan();

function numberOf(text: string): PhoneNumber {
  const number = parsePhoneNumber(text);
  if (number === null) throw new Error(`${text} does not pass our own grammar`);
  return number;
}

function describeNumber(text: string, dialled = text, trunkCountry = "US") {
  return plan.describe(numberOf(text), { dialled, trunkCountry });
}

describe("B01 what gets to the numbering plan has passed our own grammar", () => {
  // Each of these a lenient parser takes for a number, most of them for a valid one.
  test.each([
    "sip:+12125550123@evil",
    "+12125550123\r\nX: y",
    "+12125550123\n",
    " +12125550123",
    "tel:+12125550123",
    "+12125550123,,99",
    "+12125550123;ext=5",
    "+1 212 555 0123",
    "+1-212-555-0123",
    "12125550123",
    "0012125550123",
    "+02125550123",
    "+１２１２５５５０１２３",
    "+١٢١٢٥٥٥٠١٢٣",
    "+1911",
    "+112",
    "911",
    `+${"1".repeat(40)}`,
    "",
    "+",
  ])("%j is no number", (text) => {
    expect(parsePhoneNumber(text)).toBeNull();
  });
});

test.each([
  ["+12125550123", "US", "fixed-line-or-mobile", "1212", ["America/New_York"]],
  ["+18765551234", "JM", "mobile", "1876", ["America/Jamaica"]],
  ["+442079460958", "GB", "fixed-line", "4420", ["Europe/London"]],
  ["+447911123456", "GG", "mobile", "447911", ["Europe/Guernsey", "Europe/Isle_of_Man", "Europe/London"]],
  ["+441534123456", "JE", "fixed-line", "441534", ["Europe/Jersey"]],
  ["+441624675663", "IM", "fixed-line", "441624", ["Europe/Isle_of_Man"]],
  ["+18005551212", "US", "toll-free", "1800", null],
  ["+19005551212", "US", "premium-rate", "1900", null],
  ["+911123456789", "IN", "fixed-line", "9111", ["Asia/Calcutta"]],
] as const)("%s is of %s, %s", (text, country, type, prefix, zones) => {
  const facts = describeNumber(text);
  expect(facts).toMatchObject({ country, type, prefix, valid: true, emergency: null });
  expect(zones === null || facts.zones.join(" ") === zones.join(" ")).toBe(true);
  // Toll-free and premium numbers are at home in the whole country: the policy takes that for "unknown".
  expect(zones !== null || facts.zones.length > 4).toBe(true);
});

test.each([
  "+870776000000",
  "+881612345678",
  "+883510000000",
  "+878101234567890",
  "+88213123456",
])("%s is no ordinary telephone, although the library calls it one", (text) => {
  expect(describeNumber(text)).toMatchObject({ country: null, type: "satellite" });
});

test.each([
  ["+979123456789", "premium-rate"],
  ["+80812345678", "shared-cost"],
  ["+80012345678", "toll-free"],
  ["+9999999999", "unknown"],
])("%s of no country is %s", (text, type) => {
  expect(describeNumber(text)).toMatchObject({ country: null, type });
});

describe("G07 every disguise of an emergency or protected line is seen", () => {
  test.each([
    [
      "Delhi through a United States trunk that drops the plus sign",
      "+911123456789",
      "911123456789",
      "US",
      "911",
    ],
    ["911 with digits behind it", "+12125550123", "9116666666", "US", "911"],
    ["911 and one digit", "+12125550123", "9111", "US", "911"],
    ["an area code 911, which is none", "+19115551234", "+19115551234", "US", "911"],
    ["112 through a German trunk", "+491511234567", "1121511234567", "DE", "112"],
    ["999 of no country", "+999123456789", "999123456789", "GB", "999"],
    ["15 in France", "+33155555555", "15", "FR", "15"],
    ["with separators", "+12125550123", "9-1-1", "US", "911"],
    ["the United States' number to test 911 with", "+12125550123", "933", "US", "933"],
    ["the French line for the homeless", "+33155555555", "115", "FR", "115"],
    ["the Australian text line", "+61212345678", "106", "AU", "106"],
  ])("%s", (_, number, dialled, trunk, line) => {
    const facts = describeNumber(number, dialled, trunk);
    expect(facts.emergency).toMatch(new RegExp(`^${line} \\([A-Z]{2}, `));
    expect(facts.emergencyKind).toBe("emergency");
  });

  test.each([
    ["988 in the United States", "+19885551234", "+19885551234", "US"],
    ["988 as dialled", "+12125550123", "988", "CA"],
    ["111 in Great Britain", "+442079460958", "111", "GB"],
    ["101 in Great Britain", "+442079460958", "101", "GB"],
    ["116123 in its international form", "+44116123", "+44116123", "GB"],
    ["116111 in Germany", "+49116111", "+49116111", "DE"],
    ["American poison control", "+18002221222", "+18002221222", "US"],
    ["the German telephone pastoral care", "+498001110111", "+498001110111", "DE"],
    ["the Australian lifeline", "+61131114", "+61131114", "AU"],
  ])("%s is protected", (_, number, dialled, trunk) => {
    expect(describeNumber(number, dialled, trunk).emergencyKind).toBe("protected");
  });

  test.each([
    ["Delhi with its plus sign", "+911123456789", "+911123456789", "US"],
    ["Delhi from India", "+911123456789", "01123456789", "IN"],
    ["New York, plain", "+12125550123", "12125550123", "US"],
    ["London, plain", "+442079460958", "02079460958", "GB"],
    ["Berlin", "+493012345678", "03012345678", "DE"],
  ])("%s is no emergency", (_, number, dialled, trunk) => {
    expect(describeNumber(number, dialled, trunk)).toMatchObject({ emergency: null });
  });

  test("whatever follows 911 on a United States trunk, the call is refused", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{0,12}$/), (rest) => {
        expect(describeNumber("+12125550123", `911${rest}`).emergency).not.toBeNull();
      }),
    );
  });

  test("the form says the line, and no more of the number", () => {
    expect(describeNumber("+911123456789", "911123456789").emergency).toBe("911 (US, as dialled)");
  });
});

test("any number that passes the grammar is described, and its prefix hides at least three digits", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[1-9][0-9]{6,14}$/), (digits) => {
      const facts = describeNumber(`+${digits}`);
      expect(digits.startsWith(facts.prefix)).toBe(true);
      expect(digits.length - facts.prefix.length).toBeGreaterThanOrEqual(3);
    }),
    { numRuns: 2_000 },
  );
});

function readJson(path: string): Record<string, Record<string, string>> {
  return JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8"));
}

test("every zone of the table is one that this Node knows", () => {
  const table = readJson("adapters/numbering/zones-by-prefix.json");
  const names = new Set(Object.keys(table["prefixesOfZones"] ?? {}).flatMap((zones) => zones.split(" ")));
  expect(names.size).toBeGreaterThan(250);
  expect([...names].filter((name) => !clock.isZone(name))).toEqual([]);
});

test("the version that verdicts keep is that of the packages installed", () => {
  const { dependencies = {} } = readJson("package.json");
  expect(describeNumber("+12125550123").tableVersion).toBe(
    `libphonenumber-js ${dependencies["libphonenumber-js"]}, google-libphonenumber ${dependencies["google-libphonenumber"]}, zones 9.0.43`,
  );
});
