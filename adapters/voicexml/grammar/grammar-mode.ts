export type GrammarMode = "dtmf" | "voice";
