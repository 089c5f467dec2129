import type { CustomerState } from "../../domain/customer/state.ts";
import type { ReceiverRulesSet } from "../../domain/directory/messages.ts";
import type { OfferId } from "../../domain/kernel/identifiers.ts";
import { type PhoneNumber, parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import { type Instant, instant } from "../../domain/kernel/time.ts";
import { checkAll, conclude } from "../../domain/policy/check.ts";
import { defaultReceiverRules } from "../../domain/policy/default-rules.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import type { NumberFacts, NumberingPlan } from "../../domain/ports/numbering-plan.ts";
import type { ZoneClock } from "../../domain/ports/zone-clock.ts";
import type { Judgement } from "../../domain/request/context.ts";
import type { RequestTerms } from "../../domain/request/terms.ts";
import { type Directory, preferencesOf, senderOf } from "../../projections/directory.ts";

export type JudgePorts = {
  readonly directory: Directory;
  readonly keyring: Pick<Keyring, "openNow">;
  readonly numbering: NumberingPlan;
  readonly zones: ZoneClock;
  /** Country in which the trunk dials, ISO 3166-1 alpha-2. */
  readonly trunkCountry: string;
  /** What the trunk puts on the wire for a number. */
  readonly dialled: (number: PhoneNumber) => string;
};

export type Judge = {
  rules(): ReceiverRulesSet;
  /** Every check on these terms now. `ownOffer` does not count as the Customer's line being taken. */
  judge(terms: RequestTerms, customer: CustomerState, ownOffer: OfferId | null, now: Instant): Judgement;
};

/** Numbers whose facts are remembered, in memory alone; the oldest goes first. */
const NUMBERS_KNOWN_MAX = 1_000;

const DEFAULT_RULES = defaultReceiverRules(instant(0));

/** Gathers what the policy checks want to know, and asks them. */
export function createJudge(ports: JudgePorts): Judge {
  const rules = (): ReceiverRulesSet => ports.directory.rules ?? DEFAULT_RULES;

  const known = new Map<PhoneNumber, NumberFacts>();

  /** A Request is judged three times within a second or so, and its number's facts cost most of each. */
  function factsOf(number: PhoneNumber | null): NumberFacts | null {
    if (number === null) return null;
    const before = known.get(number);
    if (before !== undefined) return before;
    const { trunkCountry } = ports;
    const facts = ports.numbering.describe(number, { dialled: ports.dialled(number), trunkCountry });
    const [oldest] = known.size < NUMBERS_KNOWN_MAX ? [] : known.keys();
    if (oldest !== undefined) known.delete(oldest);
    known.set(number, facts);
    return facts;
  }

  return {
    rules,
    judge(terms, customer, ownOffer, now) {
      const opened = ports.keyring.openNow(terms.to);
      const number = opened === null ? null : parsePhoneNumber(opened);
      const verdicts = checkAll(
        { terms, number, numberFacts: factsOf(number) },
        {
          sender: senderOf(ports.directory, terms.sender),
          customer: preferencesOf(ports.directory, terms.customer),
          recentCalls: customer.calls,
          inCall: customer.busyWith.some((held) => held !== ownOffer),
        },
        rules(),
        now,
        ports.zones,
      );
      return { verdicts, conclusion: conclude(verdicts, terms.notAfter) };
    },
  };
}
