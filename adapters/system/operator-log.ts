/**
 * One JSON line per happening. Callers pass no personal data; this is the second wall, for the message of a
 * library's error that quotes what it was given. It is crude on purpose: a time shown as stars harms nobody.
 */
import type { LogFacts, OperatorLog } from "../../domain/ports/operator-log.ts";

/** Where lines go: standard error, or a test's list. */
export type LineSink = { write(line: string): unknown };

/** A fact longer than this is cut: a log line is no dump. */
const TEXT_LENGTH_MAX = 2_000;
const FACTS_MAX = 50;
const CAUSES_MAX = 5;
const STACK_LINES_MAX = 12;

const SECRET_NAME =
  /pass(?:word|phrase)?$|secret|token|authorization|cookie|credential|digits|api[-_]?key|private[-_]?key/i;
/** Numbers with a plus, in any usual grouping, and `sip:` and `tel:` users that are digits. */
const PHONE_NUMBER = /\+[1-9](?:[ ().-]{0,2}\d){6,14}|(?<=\b(?:sips?|tel):)\+?\d[\d().-]{4,}/gi;
const BEARER = /\b(Bearer|Basic|Digest|Reveille-HMAC-SHA256)\s+[^\s,;"]{4,}/gi;
const API_KEY = /\brvl_[A-Za-z0-9]+_[A-Za-z0-9_-]+/g;
const URL_SECRETS = /(\/\/)[^\s/@]+@/g;
const QUERY_SECRETS = /([?&][^=&\s]{0,40}(?:token|secret|key|sig|pass)[^=&\s]{0,40}=)[^&\s#]+/gi;

/** `now` answers the wall clock in milliseconds since the epoch. */
export function createOperatorLog(sink: LineSink, now: () => number = Date.now): OperatorLog {
  function write(level: "info" | "warn" | "error", what: string, facts: LogFacts = {}): void {
    const at = new Date(now()).toISOString();
    const shown = Object.entries(facts)
      .slice(0, FACTS_MAX)
      .map(([name, value]) => [name, SECRET_NAME.test(name) ? "***" : shownValue(value)]);
    sink.write(`${JSON.stringify({ at, level, what: redact(what), ...Object.fromEntries(shown) })}\n`);
  }
  return {
    info: (what, facts) => write("info", what, facts),
    warn: (what, facts) => write("warn", what, facts),
    error: (what, facts) => write("error", what, facts),
  };
}

/** Puts stars in place of what looks like a phone number or a secret. */
export function redact(text: string): string {
  // Cut twice: a number that the first cut halves would no longer look like one, but is cut off by the second.
  return text
    .slice(0, 2 * TEXT_LENGTH_MAX)
    .replaceAll(PHONE_NUMBER, "***")
    .replaceAll(BEARER, "$1 ***")
    .replaceAll(API_KEY, "rvl_***")
    .replaceAll(URL_SECRETS, "$1***@")
    .replaceAll(QUERY_SECRETS, "$1***")
    .slice(0, TEXT_LENGTH_MAX);
}

function shownValue(value: unknown): string | number | boolean | null | undefined {
  if (value === null || value === undefined) return value;
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (value instanceof Error) return redact(told(value));
  if (typeof value === "string") return redact(value);
  if (typeof value === "bigint") return String(value);
  return redact(written(value));
}

/** An error with its causes, each with the top of its stack. */
function told(error: Error): string {
  const chain: string[] = [];
  let next: unknown = error;
  while (next instanceof Error && chain.length < CAUSES_MAX) {
    const stack = next.stack ?? `${next.name}: ${next.message}`;
    chain.push(stack.split("\n").slice(0, STACK_LINES_MAX).join("\n"));
    next = next.cause;
  }
  return chain.join("\ncaused by ");
}

/** Objects are not what a line should hold; secrets by name are hidden within them too. */
function written(value: unknown): string {
  try {
    const hide = (name: string, inner: unknown): unknown => (SECRET_NAME.test(name) ? "***" : inner);
    return JSON.stringify(value, hide) ?? typeof value;
  } catch {
    // A cycle or a throwing getter: the log must not fail for what it was handed.
    return `unwritable ${typeof value}`;
  }
}
