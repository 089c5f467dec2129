import type { Conclusion } from "../policy/check.ts";
import type { Verdict } from "../policy/verdict.ts";

/** What a decision about a Request is told of the world: the verdicts on it now, and what they amount to. */
export type Judgement = { readonly verdicts: readonly Verdict[]; readonly conclusion: Conclusion };
