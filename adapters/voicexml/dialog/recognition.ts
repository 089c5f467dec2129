import type { Value } from "../script/realm.ts";
import type { ActiveGrammar } from "./activate.ts";

/** What the caller said or keyed, and to whom it was said. */
export type Recognition = {
  readonly active: ActiveGrammar;
  readonly mode: "dtmf" | "voice";
  readonly utterance: string;
  readonly interpretation: Value;
  /** 0 to 1; keys are certain. */
  readonly confidence: number;
};
