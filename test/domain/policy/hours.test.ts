import { describe, expect, test } from "vitest";
import { checkAll, conclude } from "../../../domain/policy/check.ts";
import type { KnownFacts } from "../../../domain/policy/facts.ts";
import {
  ACCOUNT,
  at,
  hours,
  KNOWN,
  NOON,
  PREFERENCES,
  RULES,
  request,
  TERMS,
  ZONES,
} from "./sample-facts.ts";

type Case = {
  readonly receiver?: readonly string[];
  readonly customer?: readonly string[];
  readonly sender?: readonly string[];
  readonly window?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly zone?: string;
  readonly precedence?: "customer" | "sender";
  readonly now?: string;
};

function judge(given: Case) {
  const rules = {
    ...RULES,
    hours: (given.receiver ?? []).map(hours),
    hoursPrecedence: given.precedence ?? RULES.hoursPrecedence,
  };
  const known: KnownFacts = {
    ...KNOWN,
    sender: { ...ACCOUNT, hours: (given.sender ?? []).map(hours) },
    customer: { ...PREFERENCES, zone: given.zone ?? null, hours: (given.customer ?? []).map(hours) },
  };
  const facts = request({
    window: given.window === undefined ? null : hours(given.window),
    notBefore: given.notBefore === undefined ? null : at(given.notBefore),
    notAfter: given.notAfter === undefined ? TERMS.notAfter : at(given.notAfter),
  });
  const now = given.now === undefined ? NOON : at(given.now);
  const verdicts = checkAll(facts, known, rules, now, ZONES);
  const conflict = verdicts.filter(({ reason }) => reason === "hours.conflict").map(({ check }) => check);
  return { conclusion: conclude(verdicts, facts.terms.notAfter), verdicts, conflict };
}

test("F02 a Sender's hours are waited for, in the Customer's time", () => {
  // Noon in New York; the Sender wants its calls placed between two and three.
  expect(judge({ sender: ["14:00-15:00"] }).conclusion).toEqual({
    is: "wait",
    until: at("2026-11-21T19:00:00Z"),
  });
  expect(judge({ sender: ["11:00-15:00"] }).conclusion).toEqual({
    is: "allow",
    callBefore: at("2026-11-21T20:00:00Z"),
  });
});

test("a window with a zone of its own is read in that zone", () => {
  expect(judge({ sender: ["20:00-23:00 Europe/Berlin"] }).conclusion).toEqual({
    is: "wait",
    until: at("2026-11-21T19:00:00Z"),
  });
});

test("B11 B10 the Request's own window and earliest time hold together with everybody's hours", () => {
  const open = judge({ receiver: ["08:00-21:00"], window: "20:00-23:00", notBefore: "2026-11-22T01:30:00Z" });
  expect(open.conclusion).toEqual({ is: "wait", until: at("2026-11-22T01:30:00Z") });
  const shut = judge({ receiver: ["08:00-21:00"], window: "20:00-23:00", notBefore: "2026-11-22T02:30:00Z" });
  expect(shut.conclusion).toEqual({ is: "wait", until: at("2026-11-23T01:00:00Z") });
});

test("O04 an earliest time without any hours is waited for to the second", () => {
  expect(judge({ notBefore: "2026-11-21T18:00:01Z" }).conclusion).toEqual({
    is: "wait",
    until: at("2026-11-21T18:00:01Z"),
  });
});

test("a call must be placed before the first of all hours closes", () => {
  const { conclusion } = judge({
    receiver: ["08:00-21:00"],
    customer: ["09:00-18:30"],
    sender: ["12:00-19:00"],
  });
  expect(conclusion).toEqual({ is: "allow", callBefore: at("2026-11-21T23:30:00Z") });
});

test("hours that never open before the deadline are a refusal at once, not a long wait", () => {
  const { conclusion } = judge({ receiver: ["08:00-11:00"], notAfter: "2026-11-22T12:59:59Z" });
  expect(conclusion).toEqual({ is: "refuse", reason: "hours.never-open", terminal: "rejected" });
});

test("a window from a minute to itself never opens", () => {
  expect(judge({ window: "12:00-12:00" }).conclusion).toMatchObject({ reason: "hours.never-open" });
});

describe("P05 P06 the Sender's 8 to 11 pm against the Customer's 6 to 8 pm", () => {
  const wishes = { customer: ["18:00-20:00"], window: "20:00-23:00" } as const;

  test.each([
    ["America/New_York", "2026-11-21T23:00:00Z", "2026-11-22T01:00:00Z"],
    ["America/Los_Angeles", "2026-11-22T02:00:00Z", "2026-11-22T04:00:00Z"],
    ["Asia/Kolkata", "2026-11-22T12:30:00Z", "2026-11-22T14:30:00Z"],
  ])("in %s the Customer's hours win by default, and the Sender's where the Receiver says so", (zone, six, eight) => {
    const byDefault = judge({ ...wishes, zone });
    expect(byDefault.conclusion).toEqual({ is: "wait", until: at(six) });
    expect(byDefault.conflict).toEqual(["hours.request"]);
    const turned = judge({ ...wishes, zone, precedence: "sender" });
    // In India it is half past ten at night: the Sender's window is open.
    expect(turned.conclusion).toEqual(
      zone === "Asia/Kolkata"
        ? { is: "allow", callBefore: at("2026-11-21T17:30:00Z") }
        : { is: "wait", until: at(eight) },
    );
    expect(turned.conflict).toEqual(["hours.customer"]);
  });

  test("the verdict names both wishes and the rule that decided", () => {
    const dropped = judge(wishes).verdicts.find(({ reason }) => reason === "hours.conflict");
    expect(dropped?.facts).toEqual({
      windows: "20:00-23:00",
      against: "18:00-20:00",
      precedence: "customer",
      by: "default@2026-11b#hours-precedence",
    });
  });

  test("the account's hours give way like the Request's", () => {
    expect(judge({ customer: ["18:00-20:00"], sender: ["20:00-23:00"] }).conflict).toEqual(["hours.sender"]);
  });

  test("only what does not meet gives way", () => {
    const { conflict, conclusion } = judge({ ...wishes, sender: ["19:00-21:00"] });
    expect(conflict).toEqual(["hours.request"]);
    expect(conclusion).toEqual({ is: "wait", until: at("2026-11-22T00:00:00Z") });
  });

  test("hours that overlap are no conflict: the overlap is waited for", () => {
    const { conflict, conclusion } = judge({ customer: ["18:00-21:00"], window: "20:00-23:00" });
    expect(conflict).toEqual([]);
    expect(conclusion).toEqual({ is: "wait", until: at("2026-11-22T01:00:00Z") });
  });

  test("the Receiver's hours never give way: what they leave shut is refused", () => {
    const { conflict, conclusion } = judge({ ...wishes, receiver: ["08:00-17:00"] });
    expect(conflict).toEqual(["hours.request"]);
    expect(conclusion).toMatchObject({ is: "refuse", reason: "hours.never-open" });
  });

  test("a Sender's hours against the Receiver's are no conflict to be solved, but a no", () => {
    const { conflict, conclusion } = judge({ receiver: ["08:00-20:00"], window: "20:00-23:00" });
    expect(conflict).toEqual([]);
    expect(conclusion).toMatchObject({ is: "refuse", reason: "hours.never-open" });
  });
});

function judgeZones(zones: readonly string[], type: "mobile" | "toll-free", unknownZone: "refuse" | "allow") {
  const verdicts = checkAll(request({}, { zones, type }), KNOWN, { ...RULES, unknownZone }, NOON, ZONES);
  return conclude(verdicts, TERMS.notAfter);
}

describe("where the Customer's clock stands", () => {
  test("open means open in every zone of the number", () => {
    // Noon in New York is seven in the morning in Honolulu; nine in the evening comes to New York first.
    expect(judgeZones(["America/New_York", "Pacific/Honolulu"], "mobile", "refuse")).toEqual({
      is: "wait",
      until: at("2026-11-21T18:00:00Z"),
    });
    expect(judgeZones(["America/New_York", "America/Chicago"], "mobile", "refuse")).toEqual({
      is: "allow",
      callBefore: at("2026-11-22T02:00:00Z"),
    });
  });

  test.each([
    ["no zone", [], "mobile"],
    ["more than four zones", ["Etc/GMT", "Etc/GMT+1", "Etc/GMT+2", "Etc/GMT+3", "Etc/GMT+4"], "mobile"],
    ["a toll-free number's zones", ["America/New_York"], "toll-free"],
    ["a zone that the tables lack", ["Mars/Olympus"], "mobile"],
  ] as const)("%s is unknown: refused, or allowed where the Receiver says so", (_, zones, type) => {
    expect(judgeZones(zones, type, "refuse")).toEqual({
      is: "refuse",
      reason: "zone.unknown",
      terminal: "rejected",
    });
    expect(judgeZones(zones, type, "allow")).toMatchObject({ is: "allow" });
  });

  test("O04 an earliest time holds also where no zone is known and that is allowed", () => {
    const rules = { ...RULES, unknownZone: "allow" as const };
    const facts = request(
      { window: hours("10:00-11:00"), notBefore: at("2026-11-21T18:00:00Z") },
      { zones: [] },
    );
    expect(conclude(checkAll(facts, KNOWN, rules, NOON, ZONES), TERMS.notAfter)).toEqual({
      is: "wait",
      until: at("2026-11-21T18:00:00Z"),
    });
  });

  test("a declared zone wins alone, even over a number that tells nothing", () => {
    const known = { ...KNOWN, customer: { ...PREFERENCES, zone: "Pacific/Honolulu" } };
    const verdicts = checkAll(
      request({}, { zones: ["America/New_York"], type: "toll-free" }),
      known,
      RULES,
      NOON,
      ZONES,
    );
    expect(conclude(verdicts, TERMS.notAfter)).toEqual({ is: "wait", until: at("2026-11-21T18:00:00Z") });
  });

  test("windows that all name their zone need no zone of the Customer", () => {
    const rules = { ...RULES, hours: [hours("08:00-21:00 Europe/Berlin")] };
    const verdicts = checkAll(request({}, { zones: [] }), KNOWN, rules, NOON, ZONES);
    expect(conclude(verdicts, TERMS.notAfter)).toEqual({
      is: "allow",
      callBefore: at("2026-11-21T20:00:00Z"),
    });
  });
});
