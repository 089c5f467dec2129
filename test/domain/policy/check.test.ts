import { expect, test } from "vitest";
import { instant, milliseconds } from "../../../domain/kernel/time.ts";
import { checkAll, conclude } from "../../../domain/policy/check.ts";
import {
  ACCOUNT,
  at,
  hours,
  KNOWN,
  NOON,
  objections,
  PREFERENCES,
  RULES,
  request,
  TERMS,
  ZONES,
} from "./sample-facts.ts";

const CHECKS = [
  "number.form",
  "number.emergency",
  "sender.standing",
  "resources.required",
  "hours.receiver",
  "hours.customer",
  "hours.sender",
  "hours.request",
  "volume.customer",
  "customer.in-call",
  "deadline",
];

test("a Request against which nothing speaks is allowed, by every check in its order", () => {
  const verdicts = checkAll(request(), KNOWN, RULES, NOON, ZONES);
  expect(verdicts.map(({ check }) => check)).toEqual(CHECKS);
  expect(verdicts.every(({ says, reason }) => says === "allow" && reason === null)).toBe(true);
  // The Receiver's hours end at nine in the evening of New York, long before the deadline.
  expect(conclude(verdicts, TERMS.notAfter)).toEqual({ is: "allow", callBefore: at("2026-11-22T02:00:00Z") });
});

test("every verdict names its rule with a version, and no verdict holds the number", () => {
  const known = { ...KNOWN, customer: PREFERENCES };
  const verdicts = checkAll(request(), known, RULES, NOON, ZONES);
  expect(verdicts.map(({ rule }) => rule)).toEqual([
    "default@2026-11b#numbers",
    "protected-lines@tables 1",
    "acme@2026-02-01T00:00:00.000Z#standing",
    "request#resources",
    "default@2026-11b#hours",
    "customer@2026-03-01T00:00:00.000Z#hours",
    "acme@2026-02-01T00:00:00.000Z#hours",
    "request#window",
    "default@2026-11b#volume",
    "one-call-at-a-time",
    "request#notAfter",
  ]);
  expect(JSON.stringify(verdicts)).not.toContain("5550123");
});

test("F16 one objection does not hide the others", () => {
  const known = { ...KNOWN, sender: null, inCall: true };
  const terms = { resources: [{ name: "menu.wav", url: null, sha256: null }], notAfter: NOON };
  const verdicts = checkAll(request(terms, { country: "CU", valid: false }), known, RULES, NOON, ZONES);
  expect(objections(verdicts)).toEqual([
    ["number.form", "number.invalid"],
    ["number.form", "number.country-closed"],
    ["sender.standing", "sender.unknown"],
    ["resources.required", "resource.missing"],
    ["customer.in-call", "customer.in-call"],
    ["deadline", "deadline.passed"],
  ]);
});

test.each([
  ["no number that exists", { valid: false }, "number.invalid"],
  ["a premium number", { type: "premium-rate" }, "number.premium"],
  ["a shared-cost number", { type: "shared-cost" }, "number.shared-cost"],
  ["a number of unknown kind", { type: "unknown" }, "number.unknown-type"],
  ["a satellite telephone", { type: "satellite" }, "number.high-risk"],
  ["a country that the Receiver has not opened", { country: "JM" }, "number.country-closed"],
  ["a number of no country", { country: null }, "number.country-closed"],
] as const)("G07 %s is refused", (_, facts, reason) => {
  // With a zone that does not depend on the number, which may have none.
  const known = { ...KNOWN, customer: { ...PREFERENCES, zone: "America/New_York" } };
  const verdicts = checkAll(request({}, facts), known, RULES, NOON, ZONES);
  expect(objections(verdicts)).toEqual([["number.form", reason]]);
});

test.each([
  "fixed-line",
  "mobile",
  "voip",
  "personal",
  "pager",
  "uan",
  "voicemail",
] as const)("B01 a %s number may be called", (type) => {
  expect(objections(checkAll(request({}, { type }), KNOWN, RULES, NOON, ZONES))).toEqual([]);
});

test("a number of a prefix that the Receiver holds for dangerous is refused", () => {
  const rules = { ...RULES, highRiskPrefixes: ["1212555"] };
  expect(objections(checkAll(request(), KNOWN, rules, NOON, ZONES))).toEqual([
    ["number.form", "number.high-risk"],
  ]);
});

test("B01 what no numbering plan could describe is malformed, and never called", () => {
  const verdicts = checkAll(
    request({}, {}, { numberFacts: null }),
    { ...KNOWN, customer: { ...PREFERENCES, zone: "America/New_York" } },
    RULES,
    NOON,
    ZONES,
  );
  expect(objections(verdicts)).toEqual([
    ["number.form", "number.malformed"],
    ["number.emergency", "number.malformed"],
  ]);
});

test("after an erasure the Request ends, since nobody knows whom to call", () => {
  const verdicts = checkAll(request({}, {}, { number: null, numberFacts: null }), KNOWN, RULES, NOON, ZONES);
  expect(conclude(verdicts, TERMS.notAfter)).toEqual({
    is: "refuse",
    reason: "personal-data.erased",
    terminal: "rejected",
  });
});

test.each([
  [{ emergency: "911 (US, as dialled)" }, "number.emergency"],
  [{ emergency: "911 (US, as dialled)", emergencyKind: "emergency" }, "number.emergency"],
  [{ emergency: "988 (US, in national form)", emergencyKind: "protected" }, "number.protected"],
] as const)("G07 a number that reaches %j is refused by law, whatever the rules say", (facts, reason) => {
  const rules = { ...RULES, countries: [], highRiskPrefixes: [] };
  const verdicts = checkAll(request({}, facts), KNOWN, rules, NOON, ZONES);
  expect(objections(verdicts)).toEqual([["number.emergency", reason]]);
  expect(verdicts.find(({ check }) => check === "number.emergency")?.setBy).toBe("law");
});

test("a suspended Sender's Requests are refused", () => {
  const known = { ...KNOWN, sender: { ...ACCOUNT, standing: "suspended" as const } };
  expect(objections(checkAll(request(), known, RULES, NOON, ZONES))).toEqual([
    ["sender.standing", "sender.suspended"],
  ]);
});

const HASH = "ab".repeat(32);

test.each([
  ["attached", { name: "a.wav", url: null, sha256: null }, ["a.wav"]],
  ["named by a URL", { name: "a.wav", url: "https://x.example/a.wav", sha256: HASH }, []],
  ["attached with its hash", { name: "a.wav", url: null, sha256: HASH.toUpperCase() }, ["a.wav"]],
])("F01 a required resource that is %s suffices", (_, resource, attached) => {
  const facts = request(
    { resources: [resource], attached },
    {},
    { attachedSha256: new Map([["a.wav", HASH]]) },
  );
  expect(objections(checkAll(facts, KNOWN, RULES, NOON, ZONES))).toEqual([]);
});

test("F01 a missing resource and one of another content are refused, each by name", () => {
  const resources = [
    { name: "here.wav", url: null, sha256: HASH },
    { name: "absent.wav", url: null, sha256: null },
  ];
  const facts = request(
    { resources, attached: ["here.wav"] },
    {},
    { attachedSha256: new Map([["here.wav", "cd".repeat(32)]]) },
  );
  const found = checkAll(facts, KNOWN, RULES, NOON, ZONES).filter(
    ({ check }) => check === "resources.required",
  );
  expect(found.map(({ reason, facts: { names } }) => [reason, names])).toEqual([
    ["resource.missing", "absent.wav"],
    ["resource.mismatch", "here.wav"],
  ]);
});

/** Instants so many hours before noon. */
function calls(...hoursAgo: readonly number[]) {
  return hoursAgo.map((ago) => instant(NOON - ago * 3_600_000));
}

test("F03 calls below the limit are allowed; those older than the period don't count", () => {
  const rules = { ...RULES, volumeMax: 3 };
  const known = { ...KNOWN, recentCalls: calls(1, 2, 24, 30, 100) };
  expect(objections(checkAll(request(), known, rules, NOON, ZONES))).toEqual([]);
});

test("F03 at the limit it waits until the oldest call that counts has left the period", () => {
  const rules = { ...RULES, volumeMax: 2, volumePeriodMs: milliseconds(10 * 3_600_000) };
  const known = { ...KNOWN, recentCalls: calls(1, 7, 3, 20) };
  const verdicts = checkAll(request(), known, rules, NOON, ZONES);
  expect(objections(verdicts)).toEqual([["volume.customer", "volume.customer"]]);
  // Calls of 1, 3 and 7 hours ago count; with the one of 3 hours ago gone, one is left.
  const until = instant(NOON + 7 * 3_600_000);
  expect(conclude(verdicts, TERMS.notAfter)).toEqual({ is: "wait", until });
  const later = checkAll(
    request(),
    { ...known, customer: { ...PREFERENCES, hours: [] } },
    rules,
    until,
    ZONES,
  );
  expect(objections(later)).toEqual([]);
});

function asking(volumeMax: number) {
  return { ...KNOWN, recentCalls: calls(1), customer: { ...PREFERENCES, volumeMax } };
}

test("F03 a Customer may ask for fewer calls, not for more, and none at all is never", () => {
  const rules = { ...RULES, volumeMax: 1 };
  const verdictOf = (known: ReturnType<typeof asking>) =>
    checkAll(request(), known, rules, NOON, ZONES).find(({ check }) => check === "volume.customer");
  expect(verdictOf(asking(9))).toMatchObject({ says: "wait", setBy: "receiver" });
  expect(verdictOf(asking(1))).toMatchObject({ says: "wait", setBy: "customer" });
  expect(verdictOf(asking(0))).toMatchObject({ says: "refuse", setBy: "customer", until: null });
});

test("a Customer who is on the line is asked for again a little later, and not after the deadline", () => {
  const verdicts = checkAll(request(), { ...KNOWN, inCall: true }, RULES, NOON, ZONES);
  expect(conclude(verdicts, TERMS.notAfter)).toEqual({ is: "wait", until: instant(NOON + 10_000) });
  expect(conclude(verdicts, instant(NOON + 10_000))).toEqual({
    is: "refuse",
    reason: "deadline.passed",
    terminal: "expired",
  });
});

test("at its deadline a Request expires, and a moment before it does not", () => {
  const notAfter = NOON;
  const verdictsAt = (now: number) => checkAll(request({ notAfter }), KNOWN, RULES, instant(now), ZONES);
  expect(conclude(verdictsAt(NOON), notAfter)).toEqual({
    is: "refuse",
    reason: "deadline.passed",
    terminal: "expired",
  });
  expect(conclude(verdictsAt(NOON - 1), notAfter)).toEqual({ is: "allow", callBefore: NOON });
});

test("of a refusal that can never change and a deadline that passed, the refusal is told", () => {
  const verdicts = checkAll(request({ notAfter: NOON }, { valid: false }), KNOWN, RULES, NOON, ZONES);
  expect(conclude(verdicts, NOON)).toMatchObject({ reason: "number.invalid", terminal: "rejected" });
});

test("F02 F03 two reasons to wait are waited for one after the other", () => {
  const rules = { ...RULES, volumeMax: 1 };
  const known = { ...KNOWN, sender: { ...ACCOUNT, hours: [hours("14:00-15:00")] }, recentCalls: calls(1) };
  // Open at 14:00, allowed by volume at 11:00 tomorrow; judged again then, it waits for tomorrow's 14:00.
  const first = conclude(checkAll(request(), known, rules, NOON, ZONES), TERMS.notAfter);
  expect(first).toEqual({ is: "wait", until: at("2026-11-22T16:00:00Z") });
  const second = conclude(
    checkAll(request(), known, rules, at("2026-11-22T16:00:00Z"), ZONES),
    TERMS.notAfter,
  );
  expect(second).toEqual({ is: "wait", until: at("2026-11-22T19:00:00Z") });
});
