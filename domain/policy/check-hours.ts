/**
 * Hours of Receiver, Customer, Sender and of the Request itself (F02, P05, P06). All must be open at once. Where
 * the Customer's hours and a wish of the Sender never meet before the deadline, the Receiver's rule says which
 * of the two is dropped: by default the Sender's. Law and Receiver are never dropped; if they leave nothing,
 * the answer is no.
 */

import type { ReceiverRulesSet } from "../directory/messages.ts";
import { type Instant, latest } from "../kernel/time.ts";
import type { ZoneClock } from "../ports/zone-clock.ts";
import type { DailyWindow } from "../request/terms.ts";
import { type CustomerZones, customerZones } from "./customer-zones.ts";
import type { KnownFacts, RequestFacts } from "./facts.ts";
import { closingAfter, isOpen, nextOpening, type OpeningHours } from "./opening-hours.ts";
import { customerRule, receiverRule, requestRule, senderRule } from "./rule-name.ts";
import type { Verdict } from "./verdict.ts";

/** Whose hours they are, and what becomes of them in this Request. */
type Party = Pick<Verdict, "setBy" | "rule"> & {
  readonly check: "hours.receiver" | "hours.customer" | "hours.sender" | "hours.request";
  readonly windows: readonly DailyWindow[];
  /** The windows in their zones; those of an unknown zone are missing. */
  readonly hours: OpeningHours;
  /** Some window stands in the Customer's zone, and nobody knows it. */
  readonly zoneMissing: boolean;
};

type Moment = {
  readonly now: Instant;
  /** Not before this instant in any case. */
  readonly start: Instant;
  readonly deadline: Instant;
  readonly clock: ZoneClock;
  readonly zones: CustomerZones;
};

export function checkHours(
  request: RequestFacts,
  known: KnownFacts,
  rules: ReceiverRulesSet,
  now: Instant,
  clock: ZoneClock,
): readonly Verdict[] {
  const { notBefore, notAfter } = request.terms;
  const zones = customerZones(known.customer, request.numberFacts, clock);
  const moment: Moment = { now, start: latest(now, notBefore ?? now), deadline: notAfter, clock, zones };
  const parties = partiesOf(request, known, rules, zones);
  const dropped = droppedBy(parties, rules.hoursPrecedence, moment);
  const opensAt = meetingOf(
    parties.filter((party) => !dropped.includes(party)),
    moment,
  );
  return parties.map((party) =>
    dropped.includes(party)
      ? conflictVerdict(party, parties, rules)
      : verdictOf(party, rules.unknownZone, opensAt, moment),
  );
}

function partiesOf(
  { terms }: RequestFacts,
  known: KnownFacts,
  rules: ReceiverRulesSet,
  zones: CustomerZones,
): readonly Party[] {
  const party = (
    check: Party["check"],
    setBy: Party["setBy"],
    rule: string,
    windows: readonly DailyWindow[],
  ): Party => ({ check, setBy, rule, windows, ...placed(windows, zones) });
  return [
    party("hours.receiver", "receiver", receiverRule(rules, "hours"), rules.hours),
    party("hours.customer", "customer", customerRule(known.customer, "hours"), known.customer?.hours ?? []),
    party(
      "hours.sender",
      "sender",
      senderRule(terms.sender, known.sender, "hours"),
      known.sender?.hours ?? [],
    ),
    party("hours.request", "sender", requestRule("window"), terms.window === null ? [] : [terms.window]),
  ];
}

/** Open means open in every zone where the Customer may be: one group of windows for each. */
function placed(
  windows: readonly DailyWindow[],
  { zones }: CustomerZones,
): Pick<Party, "hours" | "zoneMissing"> {
  if (windows.length === 0) return { hours: [], zoneMissing: false };
  if (zones.length > 0) {
    const inZone = (own: string) => windows.map((window) => ({ ...window, zone: window.zone ?? own }));
    return { hours: zones.map(inZone), zoneMissing: false };
  }
  const zoned = windows.flatMap((window) => (window.zone === null ? [] : [{ ...window, zone: window.zone }]));
  return zoned.length === windows.length
    ? { hours: [zoned], zoneMissing: false }
    : { hours: [], zoneMissing: true };
}

function meetingOf(parties: readonly Party[], { start, deadline, clock }: Moment): Instant | null {
  return nextOpening(
    parties.flatMap((party) => party.hours),
    start,
    deadline,
    clock,
  );
}

/** The hours that give way; none while all of them meet, or while they fail to meet without the Customer. */
function droppedBy(
  parties: readonly Party[],
  precedence: ReceiverRulesSet["hoursPrecedence"],
  moment: Moment,
): readonly Party[] {
  const customer = parties.find((party) => party.check === "hours.customer");
  if (customer === undefined || customer.hours.length === 0) return [];
  if (meetingOf(parties, moment) !== null) return [];
  const against = parties.filter(
    (party) =>
      party.setBy === "sender" && party.hours.length > 0 && meetingOf([customer, party], moment) === null,
  );
  if (against.length === 0) return [];
  return precedence === "customer" ? against : [customer];
}

function conflictVerdict(party: Party, parties: readonly Party[], rules: ReceiverRulesSet): Verdict {
  const side = party.setBy === "sender" ? "customer" : "sender";
  const others = parties.filter((other) => other.setBy === side);
  return {
    check: party.check,
    setBy: party.setBy,
    rule: party.rule,
    says: "allow",
    reason: "hours.conflict",
    until: null,
    facts: {
      windows: written(party.windows),
      against: written(others.flatMap((other) => other.windows)),
      precedence: rules.hoursPrecedence,
      by: receiverRule(rules, "hours-precedence"),
    },
  };
}

function verdictOf(
  party: Party,
  unknownZone: ReceiverRulesSet["unknownZone"],
  opensAt: Instant | null,
  moment: Moment,
): Verdict {
  const { now, start, deadline, clock } = moment;
  const base = {
    check: party.check,
    setBy: party.setBy,
    rule: party.rule,
    facts: factsOf(party, moment),
  } as const;
  if (party.zoneMissing && unknownZone === "refuse") {
    return { ...base, says: "refuse", reason: "zone.unknown", until: null };
  }
  // The Request's own hours also hold its earliest time (O04).
  const tooEarly = party.check === "hours.request" && now < start;
  if (!tooEarly && isOpen(party.hours, now, clock)) {
    return { ...base, says: "allow", reason: null, until: closingAfter(party.hours, now, deadline, clock) };
  }
  if (opensAt === null) return { ...base, says: "refuse", reason: "hours.never-open", until: null };
  return { ...base, says: "wait", reason: "hours.closed", until: opensAt };
}

function factsOf(party: Party, { clock, zones }: Moment): Verdict["facts"] {
  return {
    windows: written(party.windows),
    zones: zones.zones.join(","),
    zonesFrom: zones.from,
    zoneTables: clock.version,
  };
}

/** "20:00-23:00", with the zone where a window names one; "any" when there is none. */
function written(windows: readonly DailyWindow[]): string {
  if (windows.length === 0) return "any";
  return windows
    .map(
      ({ fromMinute, toMinute, zone }) =>
        `${clockTime(fromMinute)}-${clockTime(toMinute)}${zone === null ? "" : ` ${zone}`}`,
    )
    .join(", ");
}

function clockTime(minute: number): string {
  return `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`;
}

function twoDigits(part: number): string {
  return String(part).padStart(2, "0");
}
