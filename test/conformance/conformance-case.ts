export type ConformanceTest = {
  /** Suite and id, e.g. "vxml20/43". */
  readonly id: string;
  readonly folder: string;
  readonly start: string;
  readonly hasPass: boolean;
  readonly verdict: Verdict;
  /** What the caller does at each wait, in order; null: as the prompts' markers say. */
  readonly caller: readonly string[] | null;
  readonly farEnd: string | null;
  /** Why it can't pass with what is stored; null for a test to be run. */
  readonly unusable: string | null;
  /** What of its record can't be understood, so that it fails unrun; null for a sound one. */
  readonly problem: string | null;
};

export type Verdict =
  | { readonly kind: "pass" | "no-fail" | "audio-requested" }
  | { readonly kind: "heard-in-order"; readonly words: readonly string[] };
