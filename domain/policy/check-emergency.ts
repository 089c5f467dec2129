/**
 * Never 911, in any disguise, and no line that people in need must find free (G07). The numbering plan says in
 * which form the call would reach such a line; no rule of Receiver, Customer or Sender can allow it.
 */
import type { NumberToDial } from "./facts.ts";
import type { Verdict } from "./verdict.ts";

export function checkEmergency({ number, numberFacts }: NumberToDial): Verdict {
  const base = { check: "number.emergency", setBy: "law", until: null } as const;
  if (number === null || numberFacts === null) {
    // What can't be looked at can't be called either.
    const reason = number === null ? "personal-data.erased" : "number.malformed";
    return { ...base, rule: "protected-lines", says: "refuse", reason, facts: {} };
  }
  const rule = `protected-lines@${numberFacts.tableVersion}`;
  if (numberFacts.emergency === null) return { ...base, rule, says: "allow", reason: null, facts: {} };
  const reason = numberFacts.emergencyKind === "protected" ? "number.protected" : "number.emergency";
  return { ...base, rule, says: "refuse", reason, facts: { reaches: numberFacts.emergency } };
}
