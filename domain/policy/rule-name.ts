/** How a verdict names the rule that it applied: whose, which version, which part. */
import type { CustomerPreferencesSet, ReceiverRulesSet, SenderRegistered } from "../directory/messages.ts";
import type { SenderId } from "../kernel/identifiers.ts";
import { formatInstant } from "../kernel/time.ts";

export function receiverRule(rules: ReceiverRulesSet, part: string): string {
  return `${rules.version}#${part}`;
}

export function customerRule(preferences: CustomerPreferencesSet | null, part: string): string {
  return preferences === null ? `customer@none#${part}` : `customer@${formatInstant(preferences.at)}#${part}`;
}

export function senderRule(sender: SenderId, account: SenderRegistered | null, part: string): string {
  return account === null ? `${sender}@none#${part}` : `${sender}@${formatInstant(account.at)}#${part}`;
}

/** What the Request itself says of itself; its events keep the version. */
export function requestRule(part: string): string {
  return `request#${part}`;
}
