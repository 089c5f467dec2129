/** The binding deadline: at it and after it, no INVITE. */
import type { Instant } from "../kernel/time.ts";
import type { RequestTerms } from "../request/terms.ts";
import { requestRule } from "./rule-name.ts";
import type { Verdict } from "./verdict.ts";

export function checkDeadline({ notAfter }: RequestTerms, now: Instant): Verdict {
  const passed = now >= notAfter;
  return {
    check: "deadline",
    setBy: "sender",
    rule: requestRule("notAfter"),
    says: passed ? "refuse" : "allow",
    reason: passed ? "deadline.passed" : null,
    until: passed ? null : notAfter,
    facts: {},
  };
}
