import { expect } from "vitest";
import type { Decision } from "../../domain/kernel/decision.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { evolve, NO_REQUEST, type RequestState } from "../../domain/request/state.ts";

/** What a decider may answer: a decision, or events where it always has something to say. */
type Answer = Decision<RequestEvent, string> | readonly RequestEvent[];
type EventPart = Partial<RequestEvent> & { readonly type: RequestEvent["type"] };

/** A decider's history: `given(received, queued).when(state => …).emits({ type: … })` or `.refuses("…")`. */
export function given(...history: readonly RequestEvent[]) {
  const state = history.reduce<RequestState>(evolve, NO_REQUEST);
  return {
    state,
    when(decide: (state: RequestState) => Answer) {
      const answer = decide(state);
      const decision: Decision<RequestEvent, string> = "ok" in answer ? answer : { ok: true, events: answer };
      return {
        /** Exactly these events, each with at least the fields given. */
        emits(...expected: readonly EventPart[]): void {
          expect(decision).toMatchObject({ ok: true });
          if (!decision.ok) return;
          expect(decision.events.map(({ type }) => type)).toEqual(expected.map(({ type }) => type));
          expect(decision.events).toMatchObject(expected);
        },
        refuses(reason: string): void {
          expect(decision).toEqual({ ok: false, reason });
        },
      };
    },
  };
}
