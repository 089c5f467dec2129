/** What a decider answers: an expected no is a value, with a reason code that is never reused. */
export type Decision<Event, Reason extends string> =
  | { readonly ok: true; readonly events: readonly Event[] }
  | { readonly ok: false; readonly reason: Reason };

export function accept<Event>(...events: readonly Event[]): { ok: true; events: readonly Event[] } {
  return { ok: true, events };
}

export function refuse<Reason extends string>(reason: Reason): { ok: false; reason: Reason } {
  return { ok: false, reason };
}
