import type { Digit } from "../../../domain/ports/telephony.ts";
import { createDtmfMatcher, type DtmfMatcher } from "../grammar/dtmf-matcher.ts";
import type { CollectEnd, CollectTerms } from "./collect-terms.ts";
import type { Input } from "./effects.ts";
import { emit, nextId, type Session, type Step } from "./session.ts";

export type KeyCollector = ReturnType<typeof createKeyCollector>;

/** Keys of one utterance against all DTMF grammars at once. */
export function createKeyCollector(session: Session, terms: CollectTerms) {
  const grammars = terms.grammars
    .map((active) => active.grammar)
    .filter((grammar) => grammar.mode === "dtmf");
  let matcher: DtmfMatcher = createDtmfMatcher(grammars, session.realm);
  let pressed: Digit[] = [];
  let state: "partial" | "complete" | "complete-final" = "partial";

  const accepted = (): CollectEnd => {
    const match = matcher.result();
    if (match === null) return { kind: "no-match" };
    return { kind: "heard", heard: { match, mode: "dtmf", utterance: pressed.join(""), confidence: 1 } };
  };
  /** Null: more keys may come. */
  const press = (digit: Digit): CollectEnd | null => {
    if (digit === terms.termChar && !matcher.accepts(digit)) {
      return state === "partial" ? { kind: "no-match" } : accepted();
    }
    const next = matcher.press(digit);
    if (next === "dead") {
      // The rest of this utterance is no answer to the next question.
      session.typeAhead = [];
      session.ignoreKeysUntil = session.now + terms.interdigitMs;
      return { kind: "no-match" };
    }
    pressed.push(digit);
    state = next;
    return next === "complete-final" && terms.termMs === 0 ? accepted() : null;
  };
  return {
    press,
    begun: (): boolean => pressed.length > 0,
    restart(): void {
      matcher = createDtmfMatcher(grammars, session.realm);
      pressed = [];
      state = "partial";
    },
    /** A key of an utterance that failed already; it puts off the end of that utterance. */
    swallows(now: number): boolean {
      if (pressed.length > 0 || now >= session.ignoreKeysUntil) return false;
      session.ignoreKeysUntil = now + terms.interdigitMs;
      return true;
    },
    /** Waits for the remaining keys. */
    *rest(): Step<CollectEnd> {
      for (;;) {
        const timer = nextId(session);
        const afterMs = state === "complete-final" ? terms.termMs : terms.interdigitMs;
        emit(session, { type: "set-timer", id: timer, afterMs });
        const input = yield* keyOrTimer(session, timer);
        if (input.type === "timer") return state === "partial" ? { kind: "no-match" } : accepted();
        emit(session, { type: "cancel-timer", id: timer });
        if (input.type === "hangup") return { kind: "hangup" };
        const end = press(input.digit);
        if (end !== null) return end;
      }
    },
  };
}

function* keyOrTimer(
  session: Session,
  timer: number,
): Step<Extract<Input, { type: "digit" | "timer" | "hangup" }>> {
  for (;;) {
    const input = yield;
    if (input.type === "timer" && input.id === timer) return input;
    if (input.type === "digit") return input;
    if (input.type === "hangup") {
      session.hungUp = true;
      return input;
    }
  }
}
