/**
 * Facts on numbers from libphonenumber, behind our own strict grammar: the library takes `sip:+1…@evil` and
 * line breaks for numbers, but only an E.164 number gets here. It calls satellite networks ordinary mobile
 * telephones, so these are told apart by their calling codes.
 */
import { getCountries, getCountryCallingCode, parsePhoneNumberFromString } from "libphonenumber-js/max";
import type { PhoneNumber } from "../../domain/kernel/phone-number.ts";
import type { NumberFacts, NumberingPlan, NumberType } from "../../domain/ports/numbering-plan.ts";
import { emergencyForm } from "./emergency-form.ts";
import { ZONE_TABLE_VERSION, zonesByPrefix } from "./zone-table.ts";

/** Of every table that a fact comes from: a replay with others may say otherwise. */
const TABLE_VERSION = `libphonenumber-js 1.13.16, google-libphonenumber 3.2.47, zones ${ZONE_TABLE_VERSION}`;

/** Calling code and first group leave at least this many digits of a number unsaid. */
const HIDDEN_DIGITS_MIN = 4;
const PREFIX_DIGITS_MAX = 7;

const INTERNATIONAL_NETWORKS: ReadonlySet<string> = new Set(["870", "878", "881", "882", "883", "888"]);

const countriesOf = Map.groupBy(getCountries(), (country): string => getCountryCallingCode(country));

type Parsed = NonNullable<ReturnType<typeof parsePhoneNumberFromString>>;

export function createNumberingPlan(): NumberingPlan {
  return {
    describe(number, dialling) {
      const parsed = parsePhoneNumberFromString(number);
      return parsed === undefined ? unknownFacts(number, dialling) : factsOf(number, parsed, dialling);
    },
  };
}

type Dialling = Parameters<NumberingPlan["describe"]>[1];

function factsOf(number: PhoneNumber, parsed: Parsed, dialling: Dialling): NumberFacts {
  const type = parsed.getType();
  // Matching every pattern of a country is a quarter of the cost: a number that is of some type is valid.
  const valid = type !== undefined || parsed.isValid();
  const country = parsed.country ?? null;
  const sharing = countriesOf.get(parsed.countryCallingCode) ?? [];
  const countries = valid && country !== null ? [country] : sharing;
  const forms = { number, national: parsed.nationalNumber, countries, valid, ...dialling };
  return {
    country,
    valid,
    type: typeOf(parsed.countryCallingCode, type),
    zones: zonesByPrefix(number.slice(1)),
    prefix: billingPrefix(number, parsed),
    ...emergencyFacts(emergencyForm(forms)),
    tableVersion: TABLE_VERSION,
  };
}

/** A number of no known calling code: it may still be dangerous as it would be dialled. */
function unknownFacts(number: PhoneNumber, dialling: Dialling): NumberFacts {
  const forms = { number, national: number.slice(1), countries: [], valid: false, ...dialling };
  return {
    country: null,
    valid: false,
    type: "unknown",
    zones: [],
    prefix: number.slice(1, 4),
    ...emergencyFacts(emergencyForm(forms)),
    tableVersion: TABLE_VERSION,
  };
}

function emergencyFacts(
  found: ReturnType<typeof emergencyForm>,
): Pick<NumberFacts, "emergency" | "emergencyKind"> {
  return found === null ? { emergency: null } : { emergency: found.form, emergencyKind: found.kind };
}

/** Calling code and the first group of the number as it is usually written: the area, or the network. */
function billingPrefix(number: PhoneNumber, parsed: Parsed): string {
  const [callingCode = "", area = ""] = parsed
    .formatInternational()
    .slice(1)
    .split(/[\s-]+/);
  const digits = number.slice(1);
  const prefix = (callingCode + area).replaceAll(/\D/g, "");
  // Of an invalid number the library may have dropped a zero that it took for a trunk prefix.
  if (!digits.startsWith(prefix)) return callingCode;
  const shown = Math.min(PREFIX_DIGITS_MAX, digits.length - HIDDEN_DIGITS_MIN);
  return prefix.slice(0, Math.max(callingCode.length, shown));
}

function typeOf(callingCode: string, type: ReturnType<Parsed["getType"]>): NumberType {
  if (INTERNATIONAL_NETWORKS.has(callingCode)) return "satellite";
  return TYPES[type ?? ""] ?? "unknown";
}

const TYPES: Readonly<Record<string, NumberType>> = {
  FIXED_LINE: "fixed-line",
  MOBILE: "mobile",
  FIXED_LINE_OR_MOBILE: "fixed-line-or-mobile",
  TOLL_FREE: "toll-free",
  PREMIUM_RATE: "premium-rate",
  SHARED_COST: "shared-cost",
  VOIP: "voip",
  PERSONAL_NUMBER: "personal",
  PAGER: "pager",
  UAN: "uan",
  VOICEMAIL: "voicemail",
};
