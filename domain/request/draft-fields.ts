/**
 * Readers of single fields, put together by `parse-draft.ts`: each takes a JSON value and the pointer to it,
 * and answers the typed value or everything that is wrong with it. Nothing is coerced and nothing is dropped.
 */
import { type Instant, parseInstant } from "../kernel/time.ts";
import type { DraftError } from "./draft.ts";

export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: readonly DraftError[] };

export type Reader<T> = (value: unknown, pointer: string) => Reading<T>;

/** A field, and what its absence means: a default, or a fault. */
export type Field<T> = { readonly read: Reader<T>; readonly absent: { readonly value: T } | null };

export type Shape<T> = { readonly [Name in keyof T]-?: Field<T[Name]> };

export function required<T>(read: Reader<T>): Field<T> {
  return { read, absent: null };
}

export function optional<T, D>(read: Reader<T>, whenAbsent: D): Field<T | D> {
  return { read, absent: { value: whenAbsent } };
}

export function fault(pointer: string, code: string, message: string): Reading<never> {
  return { ok: false, errors: [{ pointer, code, message }] };
}

/** Refuses unknown names by name: a typing error must not become a limit that is silently not there. */
export function object<T extends object>(what: string, shape: Shape<T>): Reader<T> {
  const fields = Object.entries<Field<unknown>>(shape);
  return (value, pointer) => {
    if (!isRecord(value))
      return fault(pointer, "field.type", `${what} must be an object, not ${kindOf(value)}`);
    const errors = unknownNames(what, value, shape, pointer);
    const found: [string, unknown][] = [];
    for (const [name, field] of fields) {
      const reading = readField(field, value, name, `${pointer}/${name}`);
      if (reading.ok) found.push([name, reading.value]);
      else errors.push(...reading.errors);
    }
    // The shape names every field of T, and each was read by its own reader: no guard could say more.
    // oxlint-disable-next-line no-unsafe-type-assertion
    return errors.length === 0 ? { ok: true, value: Object.fromEntries(found) as T } : { ok: false, errors };
  };
}

function readField(
  field: Field<unknown>,
  owner: Readonly<Record<string, unknown>>,
  name: string,
  pointer: string,
): Reading<unknown> {
  if (Object.hasOwn(owner, name)) return field.read(owner[name], pointer);
  return field.absent === null
    ? fault(pointer, "field.missing", `"${name}" is missing`)
    : { ok: true, value: field.absent.value };
}

/** Names that are told back are cut to this length: they come from outside. */
const NAME_SHOWN_CHARACTERS_MAX = 64;

function unknownNames(
  what: string,
  value: Readonly<Record<string, unknown>>,
  shape: object,
  pointer: string,
): DraftError[] {
  return Object.keys(value)
    .filter((name) => !Object.hasOwn(shape, name))
    .map((name) => name.slice(0, NAME_SHOWN_CHARACTERS_MAX))
    .map((name) => ({
      pointer: `${pointer}/${escapePointer(name)}`,
      code: "field.unknown",
      message: `"${name}" is not a field of ${what}; known are ${Object.keys(shape).join(", ")}`,
    }));
}

// RFC 6901 section 3.
function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}

/** A string that `parse` takes. The value is never told back: it may be a number, or a secret pasted wrongly. */
export function text<T>(code: string, expected: string, parse: (value: string) => T | null): Reader<T> {
  return (value, pointer) => {
    if (typeof value !== "string") {
      return fault(pointer, "field.type", `must be a string (${expected}), not ${kindOf(value)}`);
    }
    const parsed = parse(value);
    return parsed === null ? fault(pointer, code, `must be ${expected}`) : { ok: true, value: parsed };
  };
}

export function wholeNumber(unit: string, min: number, max: number): Reader<number> {
  return (value, pointer) => {
    if (typeof value !== "number") {
      return fault(pointer, "field.type", `must be a number of ${unit}, not ${kindOf(value)}`);
    }
    if (Number.isInteger(value) && value >= min && value <= max) return { ok: true, value };
    return fault(
      pointer,
      "field.range",
      `must be a whole number of ${unit} from ${min} to ${max}, not ${value}`,
    );
  };
}

export function oneOf<T extends string>(...choices: readonly T[]): Reader<T> {
  return text(
    "field.choice",
    `one of ${choices.join(", ")}`,
    (value) => choices.find((c) => c === value) ?? null,
  );
}

export function listOf<T>(read: Reader<T>, countMax: number): Reader<readonly T[]> {
  return (value, pointer) => {
    if (!Array.isArray(value)) return fault(pointer, "field.type", `must be a list, not ${kindOf(value)}`);
    if (value.length > countMax) {
      return fault(pointer, "field.range", `must have at most ${countMax} entries, not ${value.length}`);
    }
    const readings = value.map((entry: unknown, index) => read(entry, `${pointer}/${index}`));
    const errors = readings.flatMap((reading) => (reading.ok ? [] : reading.errors));
    if (errors.length > 0) return { ok: false, errors };
    return { ok: true, value: readings.flatMap((reading) => (reading.ok ? [reading.value] : [])) };
  };
}

// Years outside this century are typing errors; 9999 is also what some programs write for "never".
const CIVIL =
  /^(20\d\d)-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;

/** An instant as `parseInstant` reads it, and a day that its month has: `Date.parse` takes 30 February for 2 March. */
export function parseMoment(value: string): Instant | null {
  const [, year, month, day] = CIVIL.exec(value)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined) return null;
  return day >= 1 && day <= daysOfMonth(year, month) ? parseInstant(value) : null;
}

function daysOfMonth(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
