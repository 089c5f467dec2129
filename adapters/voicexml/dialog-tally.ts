/** What one dialog comes to: counted while it runs, and told at its end. */
import { milliseconds } from "../../domain/kernel/time.ts";
import type { DialogResult } from "../../domain/ports/dialog-runner.ts";
import type { DialogEnd } from "./dialog/effects.ts";

export type DialogTally = {
  inputs: number;
  noInputs: number;
  noMatches: number;
  /** From the start of the dialog; null while nothing was heard. */
  firstPromptMs: number | null;
  participatedMs: number;
  hungUp: boolean;
  started: boolean;
};

export function createTally(): DialogTally {
  return {
    inputs: 0,
    noInputs: 0,
    noMatches: 0,
    firstPromptMs: null,
    participatedMs: 0,
    hungUp: false,
    started: false,
  };
}

export function resultOf(end: DialogEnd, tally: Readonly<DialogTally>): DialogResult {
  const failed = end.kind === "event" || end.kind === "limit";
  return {
    result: failed ? "error" : tally.hungUp || end.kind === "hangup" ? "hangup" : "ok",
    exit: end.value,
    event: end.event,
    inputs: tally.inputs,
    noInputs: tally.noInputs,
    noMatches: tally.noMatches,
    firstPromptMs: tally.firstPromptMs === null ? null : milliseconds(tally.firstPromptMs),
    participatedMs: milliseconds(tally.participatedMs),
  };
}
