/** Form, validity, type and country of the number (B01, G07): every fault is its own verdict. */
import type { ReceiverRulesSet } from "../directory/messages.ts";
import { assertNever } from "../kernel/assert-never.ts";
import { parsePhoneNumber } from "../kernel/phone-number.ts";
import type { NumberFacts } from "../ports/numbering-plan.ts";
import type { NumberToDial } from "./facts.ts";
import { receiverRule } from "./rule-name.ts";
import type { ReasonCode, Verdict } from "./verdict.ts";

export function checkNumber(target: NumberToDial, rules: ReceiverRulesSet): readonly Verdict[] {
  const facts = target.numberFacts === null ? {} : seen(target.numberFacts);
  const verdict = (says: Verdict["says"], reason: ReasonCode | null): Verdict => ({
    check: "number.form",
    setBy: "receiver",
    rule: receiverRule(rules, "numbers"),
    says,
    reason,
    until: null,
    facts,
  });
  const faults = faultsOf(target, rules);
  return faults.length === 0 ? [verdict("allow", null)] : faults.map((reason) => verdict("refuse", reason));
}

function faultsOf({ number, numberFacts }: NumberToDial, rules: ReceiverRulesSet): readonly ReasonCode[] {
  if (number === null) return ["personal-data.erased"];
  // Parsed when it came in; looked at again, because this is the last look before somebody's telephone rings.
  if (parsePhoneNumber(number) === null || numberFacts === null) return ["number.malformed"];
  const faults: ReasonCode[] = [];
  if (!numberFacts.valid) faults.push("number.invalid");
  const ofType = faultOfType(numberFacts.type);
  if (ofType !== null) faults.push(ofType);
  if (isCountryClosed(numberFacts.country, rules)) faults.push("number.country-closed");
  if (rules.highRiskPrefixes.some((prefix) => number.startsWith(`+${prefix}`)))
    faults.push("number.high-risk");
  return faults;
}

function faultOfType(type: NumberFacts["type"]): ReasonCode | null {
  switch (type) {
    case "premium-rate":
      return "number.premium";
    case "shared-cost":
      return "number.shared-cost";
    case "unknown":
      return "number.unknown-type";
    // Several dollars a minute: libphonenumber calls them ordinary mobile or internet telephones.
    case "satellite":
      return "number.high-risk";
    case "fixed-line":
    case "mobile":
    case "fixed-line-or-mobile":
    case "toll-free":
    case "voip":
    case "personal":
    case "pager":
    case "uan":
    case "voicemail":
      return null;
    default:
      return assertNever(type);
  }
}

function isCountryClosed(country: string | null, { countries }: ReceiverRulesSet): boolean {
  return countries.length > 0 && (country === null || !countries.includes(country));
}

function seen(number: NumberFacts): Verdict["facts"] {
  return {
    country: number.country ?? "none",
    type: number.type,
    prefix: number.prefix,
    valid: String(number.valid),
    numberTables: number.tableVersion,
  };
}
