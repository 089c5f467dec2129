import type { Brand } from "./brand.ts";

/** Milliseconds since 1970-01-01T00:00:00Z, by the wall clock. */
export type Instant = Brand<number, "Instant">;
/** A length of time in milliseconds. */
export type Milliseconds = Brand<number, "Milliseconds">;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

export function instant(millisecondsSinceEpoch: number): Instant {
  return millisecondsSinceEpoch as Instant;
}

export function milliseconds(length: number): Milliseconds {
  return length as Milliseconds;
}

export function seconds(length: number): Milliseconds {
  return (length * SECOND_MS) as Milliseconds;
}

export function after(start: Instant, length: Milliseconds): Instant {
  return (start + length) as Instant;
}

export function earliest(first: Instant, ...rest: readonly Instant[]): Instant {
  return Math.min(first, ...rest) as Instant;
}

export function latest(first: Instant, ...rest: readonly Instant[]): Instant {
  return Math.max(first, ...rest) as Instant;
}

// Offsets are obligatory: a time without a zone would mean another instant on every machine.
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** Reads an RFC 3339 date-time with its offset; null for anything else. */
export function parseInstant(text: string): Instant | null {
  if (!RFC3339.test(text)) return null;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? null : (parsed as Instant);
}

/** RFC 3339 in UTC with milliseconds. */
export function formatInstant(at: Instant): string {
  return new Date(at).toISOString();
}
