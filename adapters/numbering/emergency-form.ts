/**
 * Whether a call would reach an emergency or protected line, in any disguise (G07). Three strings are looked at:
 * the whole number, its national form, and what the trunk would put on the wire, in the trunk's country. A valid
 * number is held against the lists as a whole (Delhi numbers begin with 112, and are none); the digits on the
 * wire also by their beginning, because a switch may connect at the first three.
 */
import libphonenumber from "google-libphonenumber";
import { isProtectedNumber, type LineKind, listedLine } from "./protected-lines.ts";

/** The library asks for its own list of countries; one that it does not know has no short numbers for it. */
interface ShortNumbers {
  connectsToEmergencyNumber(digits: string, country: string): boolean;
  isEmergencyNumber(digits: string, country: string): boolean;
}

const shortNumbers: ShortNumbers = libphonenumber.ShortNumberInfo.getInstance();

export type EmergencyForm = {
  /** For people: which line, where, and in which form; no more of the number than the line's own digits. */
  readonly form: string;
  readonly kind: LineKind;
};

export type Forms = {
  /** E.164 with its plus. */
  readonly number: string;
  readonly national: string;
  /** Countries that share the number's calling code, or the one that it is of. */
  readonly countries: readonly string[];
  readonly valid: boolean;
  readonly dialled: string;
  readonly trunkCountry: string;
};

export function emergencyForm(forms: Forms): EmergencyForm | null {
  if (isProtectedNumber(forms.number)) return { form: "a protected number", kind: "protected" };
  const match = forms.valid ? "exact" : "prefix";
  for (const country of forms.countries) {
    const reached = lineReached(forms.national, country, match);
    if (reached !== null) return named(reached, country, "in national form");
  }
  const wire = wireDigits(forms.dialled);
  const reached = wire === null ? null : lineReached(wire, forms.trunkCountry, "prefix");
  return reached === null ? null : named(reached, forms.trunkCountry, "as dialled");
}

type Reached = { readonly line: string; readonly kind: LineKind };

/** Digits that a switch would read; null where a plus sign makes the number international for certain. */
function wireDigits(dialled: string): string | null {
  return dialled.startsWith("+") ? null : dialled.replaceAll(/[^0-9]/g, "");
}

function lineReached(digits: string, country: string, match: "exact" | "prefix"): Reached | null {
  const listed = listedLine(digits, country, match);
  if (listed !== null) return listed;
  return isEmergency(digits, country, match) ? { line: beginning(digits, country), kind: "emergency" } : null;
}

function isEmergency(digits: string, country: string, match: "exact" | "prefix"): boolean {
  return match === "exact"
    ? shortNumbers.isEmergencyNumber(digits, country)
    : shortNumbers.connectsToEmergencyNumber(digits, country);
}

const LINE_DIGITS_MAX = 5;

/** The shortest beginning that is an emergency number by itself. */
function beginning(digits: string, country: string): string {
  for (let length = 2; length <= LINE_DIGITS_MAX; length += 1) {
    const line = digits.slice(0, length);
    if (shortNumbers.isEmergencyNumber(line, country)) return line;
  }
  return "an emergency line";
}

function named({ line, kind }: Reached, country: string, how: string): EmergencyForm {
  return { form: `${line} (${country}, ${how})`, kind };
}
