/** Nobody is called who is on the line already, in either direction: two calls at once to one number never happen. */
import { after, type Instant, seconds } from "../kernel/time.ts";
import type { Verdict } from "./verdict.ts";

/** When to look again if nothing says that the call is over. */
const LOOK_AGAIN_AFTER = seconds(10);

export function checkInCall(inCall: boolean, now: Instant): Verdict {
  return {
    check: "customer.in-call",
    setBy: "receiver",
    rule: "one-call-at-a-time",
    says: inCall ? "wait" : "allow",
    reason: inCall ? "customer.in-call" : null,
    until: inCall ? after(now, LOOK_AGAIN_AFTER) : null,
    facts: {},
  };
}
