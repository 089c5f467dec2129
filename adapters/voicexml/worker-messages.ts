/** What crosses between the host and a dialog worker: plain data only. */
import type { DialogStart } from "./dialog/dialog.ts";
import type { Effect, Input } from "./dialog/effects.ts";

export type HostMessage =
  /**
   * `journal`: inputs of an earlier life, in order; the effects of its first `answered` ones were performed
   * already and are not sent again.
   */
  | {
      readonly type: "open";
      readonly session: number;
      readonly start: DialogStart;
      readonly seed: number;
      readonly journal: readonly Input[];
      readonly answered: number;
      /** The evaluation that stopped an earlier thread: it is answered with an error and not run again. 0: none. */
      readonly refuse: number;
    }
  | { readonly type: "input"; readonly session: number; readonly input: Input }
  | { readonly type: "close"; readonly session: number };

export type WorkerMessage =
  | { readonly type: "ready" }
  | { readonly type: "effects"; readonly session: number; readonly effects: readonly Effect[] };

/** Slots of the shared watch: which session is in a step (0: none), a count that changes with every step. */
export const WATCH_SESSION = 0;
export const WATCH_STEP = 1;
/** The evaluation of that session's scripts that is running, counted from its start. */
export const WATCH_EVALUATION = 2;
export const WATCH_SLOTS = 3;
