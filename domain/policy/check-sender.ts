/** The Sender's account exists and is in good standing. */
import type { SenderRegistered } from "../directory/messages.ts";
import type { RequestFacts } from "./facts.ts";
import { senderRule } from "./rule-name.ts";
import type { Verdict } from "./verdict.ts";

export function checkSender({ terms }: RequestFacts, sender: SenderRegistered | null): Verdict {
  const reason =
    sender === null ? "sender.unknown" : sender.standing === "suspended" ? "sender.suspended" : null;
  return {
    check: "sender.standing",
    setBy: "receiver",
    rule: senderRule(terms.sender, sender, "standing"),
    says: reason === null ? "allow" : "refuse",
    reason,
    until: null,
    facts: { sender: terms.sender },
  };
}
