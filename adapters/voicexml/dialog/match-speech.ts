import { matchWords } from "../grammar/match-words.ts";
import type { CollectEnd, CollectTerms } from "./collect-terms.ts";
import type { Session } from "./session.ts";

/** Recognised words against the voice grammars, inner ones first; too little confidence is no match (6.3.2). */
export function matchSpeech(
  session: Session,
  terms: CollectTerms,
  words: string,
  confidence: number,
): CollectEnd {
  const grammars = terms.grammars
    .map((active) => active.grammar)
    .filter((grammar) => grammar.mode === "voice");
  const match = confidence < terms.confidenceMin ? null : matchWords(grammars, words, session.realm);
  if (match === null) return { kind: "no-match" };
  return { kind: "heard", heard: { match, mode: "voice", utterance: words, confidence } };
}
