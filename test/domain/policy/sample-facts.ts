import { createZoneClock } from "../../../adapters/system/zone-clock.ts";
import type { CustomerPreferencesSet, SenderRegistered } from "../../../domain/directory/messages.ts";
import {
  type CustomerKey,
  parseCustomerKey,
  parseSenderId,
  type SenderId,
} from "../../../domain/kernel/identifiers.ts";
import { type PhoneNumber, parsePhoneNumber } from "../../../domain/kernel/phone-number.ts";
import { parseSealed, type Sealed } from "../../../domain/kernel/sealed.ts";
import { type Instant, milliseconds, parseInstant } from "../../../domain/kernel/time.ts";
import { defaultReceiverRules } from "../../../domain/policy/default-rules.ts";
import type { KnownFacts, RequestFacts } from "../../../domain/policy/facts.ts";
import type { ReasonCode, Verdict } from "../../../domain/policy/verdict.ts";
import type { NumberFacts } from "../../../domain/ports/numbering-plan.ts";
import type { DailyWindow, RequestTerms } from "../../../domain/request/terms.ts";

function required<Value>(value: Value | null): Value {
  if (value === null) throw new Error("the test's own data is malformed");
  return value;
}

export const ZONES = createZoneClock();

export function at(text: string): Instant {
  return required(parseInstant(text));
}

/** "20:00-23:00", or "20:00-23:00 Europe/Berlin". */
export function hours(text: string): DailyWindow {
  const [, fromHour, fromMinute, toHour, toMinute, zone] = required(
    /^(\d+):(\d+)-(\d+):(\d+)(?: (.+))?$/.exec(text),
  );
  return {
    fromMinute: Number(fromHour) * 60 + Number(fromMinute),
    toMinute: Number(toHour) * 60 + Number(toMinute),
    zone: zone ?? null,
  };
}

/** Saturday noon in New York: within everybody's default hours. */
export const NOON = at("2026-11-21T17:00:00Z");
export const RULES = defaultReceiverRules(at("2026-01-01T00:00:00Z"));

const SENDER: SenderId = required(parseSenderId("acme"));
const CUSTOMER: CustomerKey = required(parseCustomerKey("0123456789abcdef0123456789abcdef"));
const SEALED: Sealed = required(parseSealed("key.box"));
const NUMBER: PhoneNumber = required(parsePhoneNumber("+12125550123"));

export const TERMS: RequestTerms = {
  sender: SENDER,
  customer: CUSTOMER,
  to: SEALED,
  prefix: "1212",
  from: null,
  document: { kind: "url", url: "https://ivr.acme.example/", sealed: null, sha256: null },
  ringTimeoutMs: milliseconds(35_000),
  maxSessionMs: milliseconds(600_000),
  notBefore: null,
  notAfter: at("2026-11-23T17:00:00Z"),
  window: null,
  serviceLevel: "basic",
  bulkiness: "solitary",
  rank: 5,
  purpose: "transactional",
  onLost: "stop",
  maxAttempts: 1,
  resources: [],
  attached: [],
  userData: null,
  notify: [],
};

const NUMBER_FACTS: NumberFacts = {
  country: "US",
  valid: true,
  type: "fixed-line-or-mobile",
  zones: ["America/New_York"],
  prefix: "1212",
  emergency: null,
  tableVersion: "tables 1",
};

export function request(
  terms: Partial<RequestTerms> = {},
  number: Partial<NumberFacts> = {},
  more: Partial<RequestFacts> = {},
): RequestFacts {
  return {
    terms: { ...TERMS, ...terms },
    number: NUMBER,
    numberFacts: { ...NUMBER_FACTS, ...number },
    ...more,
  };
}

export const ACCOUNT: SenderRegistered = {
  type: "SenderRegistered",
  sender: SENDER,
  at: at("2026-02-01T00:00:00Z"),
  standing: "active",
  credentials: [],
  sources: [],
  hours: [],
  serviceLevel: "basic",
  bulkiness: "solitary",
};

export const PREFERENCES: CustomerPreferencesSet = {
  type: "CustomerPreferencesSet",
  customer: CUSTOMER,
  at: at("2026-03-01T00:00:00Z"),
  zone: null,
  hours: [],
  volumeMax: null,
};

export const KNOWN: KnownFacts = { sender: ACCOUNT, customer: null, recentCalls: [], inCall: false };

/** What does not say yes: check and reason. */
export function objections(verdicts: readonly Verdict[]): readonly (readonly [string, ReasonCode | null])[] {
  return verdicts.filter(({ says }) => says !== "allow").map(({ check, reason }) => [check, reason]);
}
