/** The accounts and rules of a run, as records of the directory. */
import type { DirectoryMessage, ReceiverRulesSet } from "../../domain/directory/messages.ts";
import type { SenderId } from "../../domain/kernel/identifiers.ts";
import { type PhoneNumber, parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import { instant, milliseconds } from "../../domain/kernel/time.ts";
import { defaultReceiverRules } from "../../domain/policy/default-rules.ts";
import { START } from "./incarnation.ts";
import type { Scenario } from "./scenario.ts";

export const SENDER = "hotel" as SenderId;

const HOUR = 60;
/** Runs begin half a minute after noon in New York: this hour ends half a minute later, and reopens in another. */
const CLOSED_FROM_MINUTE = 12 * HOUR + 1;
const CLOSED_TO_MINUTE = 12 * HOUR + 2;
const EVENING_MINUTE = 21 * HOUR;

/** The closed minute of a run, in milliseconds since its start. */
export const CLOSED_FROM_MS = 30_000;
export const CLOSED_TO_MS = 90_000;

export function rulesOf(scenario: Scenario): ReceiverRulesSet {
  const rules = defaultReceiverRules(instant(START));
  const morning = { fromMinute: 8 * HOUR, toMinute: CLOSED_FROM_MINUTE, zone: null };
  const afternoon = { fromMinute: CLOSED_TO_MINUTE, toMinute: EVENING_MINUTE, zone: null };
  return {
    ...rules,
    version: "simulated",
    volumeMax: scenario.volumeMax,
    volumePeriodMs: milliseconds(scenario.volumePeriodMs),
    hours: scenario.closing ? [morning, afternoon] : rules.hours,
  };
}

/** The same rules, and nobody of ours lives in the one country that may be called. */
export function closedRulesOf(scenario: Scenario): ReceiverRulesSet {
  return { ...rulesOf(scenario), version: "closed", countries: ["FR"] };
}

export function senderAccount(standing: "active" | "suspended"): DirectoryMessage {
  return {
    type: "SenderRegistered",
    sender: SENDER,
    at: instant(START),
    standing,
    credentials: [],
    sources: [],
    hours: [],
    serviceLevel: "basic",
    bulkiness: "solitary",
  };
}

/** A number of New York for each Customer. */
export function numberOf(customer: number): PhoneNumber {
  const number = parsePhoneNumber(`+1212555${String(1_000 + customer)}`);
  if (number === null) throw new Error("a simulated Customer has no valid number");
  return number;
}
