/**
 * What whoever runs the house at night reads: one JSON line per happening on standard error. Never a phone
 * number, a secret, a digit pressed or a word said: callers pass ids, counts, codes and durations only.
 */
export interface OperatorLog {
  info(what: string, facts?: LogFacts): void;
  warn(what: string, facts?: LogFacts): void;
  error(what: string, facts?: LogFacts & { readonly error?: unknown }): void;
}

export type LogFacts = { readonly [name: string]: unknown };
