/**
 * One call's dialog from start to result: performs effects in order and answers with inputs. Effects that wait are in
 * `begin`, those that only tell somebody something in `tell`.
 */
import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { DialogOrder, DialogResult, DialogStep } from "../../domain/ports/dialog-runner.ts";
import type { CallLeg } from "../../domain/ports/telephony.ts";
import type { DialogStart } from "./dialog/dialog.ts";
import type { DialogEnd, Effect, Input } from "./dialog/effects.ts";
import { spokenText } from "./dialog/prompt-writer.ts";
import { createDialogFetches } from "./dialog-fetches.ts";
import { createTally, resultOf } from "./dialog-tally.ts";
import { moveCall } from "./move-call.ts";
import { createNamedTimers } from "./named-timers.ts";
import type { PromptCache } from "./prompt-cache.ts";
import { createPromptPlayer } from "./prompt-player.ts";
import { recordCaller } from "./record-caller.ts";
import type { DialogRunnerOptions } from "./runner-options.ts";
import type { DialogHandle, WorkerPool } from "./worker-pool.ts";

/** After a hang-up handlers may still fetch and submit, for this long. */
const FINAL_PROCESSING_MS = 30 * SECOND_MS;
const FINAL_TIMER = -1;

type Stage = DialogRunnerOptions & {
  readonly pool: WorkerPool;
  readonly prompts: PromptCache;
  readonly order: DialogOrder;
  readonly leg: CallLeg;
  readonly onStep: (step: DialogStep) => void;
  readonly signal: AbortSignal;
  readonly start: DialogStart;
};

type Unstamped<T> = T extends Input ? Omit<T, "now" | "wall"> : never;
type Unmarked<T> = T extends DialogStep ? Omit<T, "at"> : never;

export function performDialog(stage: Stage): Promise<DialogResult> {
  const { promise, resolve } = Promise.withResolvers<DialogResult>();
  const performance = createPerformance(stage, resolve);
  const handle = stage.pool.open(stage.start, seedOf(stage), performance.firstInput(), {
    onEffects: performance.perform,
    onLost: (event) => performance.finish({ kind: "limit", value: null, event }),
  });
  performance.attach(handle);
  return promise;
}

function seedOf(stage: Stage): number {
  return Math.floor(stage.chance.draw() * 0x1_0000_0000);
}

/** What is going on in one call, and the ways in which it moves. */
function createPerformance(stage: Stage, resolve: (result: DialogResult) => void) {
  const { clock, leg } = stage;
  const begunAt = clock.monotonic();
  const sinceStart = (): number => clock.monotonic() - begunAt;
  const timers = createNamedTimers(clock);
  const over = new AbortController();
  const fetches = createDialogFetches(stage, over.signal);
  const player = createPromptPlayer({ leg, clock, prompts: stage.prompts, clips: fetches.clips });
  const tally = createTally();
  let handle: DialogHandle | null = null;
  let stopDigits: (() => void) | null = null;

  const stamp = (input: Unstamped<Input>): Input => ({ ...input, now: clock.monotonic(), wall: clock.now() });
  const send = (input: Unstamped<Input>): void => {
    if (!over.signal.aborted) handle?.send(stamp(input));
  };
  const step = (made: Unmarked<DialogStep>): void => stage.onStep({ ...made, at: clock.now() });

  function finish(end: DialogEnd): void {
    if (over.signal.aborted) return;
    over.abort();
    handle?.close();
    timers.cancelAll();
    player.stop();
    stopDigits?.();
    stage.signal.removeEventListener("abort", hangUp);
    resolve(resultOf(end, tally));
  }

  function hangUp(): void {
    if (tally.hungUp || over.signal.aborted) return;
    tally.hungUp = true;
    player.stop();
    send({ type: "hangup" });
    timers.set(FINAL_TIMER, FINAL_PROCESSING_MS, () =>
      finish({ kind: "hangup", value: null, event: "connection.disconnect.hangup" }),
    );
  }

  /** A promise that breaks is a fault of the house: the call ends in order, and the process lives. */
  function answer<T>(work: Promise<T>, input: (value: T) => Unstamped<Input>): void {
    void work.then(
      (value) => send(input(value)),
      () => finish({ kind: "limit", value: null, event: "error.com.reveille.internal" }),
    );
  }

  function play(effect: Extract<Effect, { type: "play" }>): void {
    step({ type: "prompt", text: spokenText(effect.pieces) });
    if (tally.firstPromptMs === null) {
      player.onFirstSound(() => {
        tally.firstPromptMs = sinceStart();
      });
    }
    answer(player.play(effect.pieces, effect.bargein), (played) => ({
      type: "played",
      id: effect.id,
      ...played,
    }));
  }

  /** Effects that take their time, and those that stop them. */
  function begin(effect: Effect): void {
    switch (effect.type) {
      case "fetch":
        answer(fetches.fetch(effect), (fetched) => ({ type: "fetched", id: effect.id, answer: fetched }));
        return;
      case "play":
        play(effect);
        return;
      case "stop-play":
        player.stop();
        return;
      case "set-timer":
        timers.set(effect.id, effect.afterMs, () => send({ type: "timer", id: effect.id }));
        return;
      case "cancel-timer":
        timers.cancel(effect.id);
        return;
      case "record":
        answer(recordCaller(effect.order, leg, clock, over.signal), (recorded) => ({
          type: "recorded",
          id: effect.id,
          answer: fetches.keepRecording(recorded),
        }));
        return;
      case "transfer":
        step({ type: "transfer", destination: effect.order.destination });
        answer(moveCall(stage, effect.order, leg, over.signal), (moved) => ({
          type: "transferred",
          id: effect.id,
          answer: moved,
        }));
        return;
      default:
        tell(effect);
    }
  }

  /** Effects that need no answer. */
  function tell(effect: Exclude<Effect, { type: "play" | "fetch" | "record" | "transfer" }>): void {
    switch (effect.type) {
      case "log":
        step({ type: "log", label: effect.label, text: effect.text });
        return;
      case "heard":
        tally.inputs += 1;
        tally.participatedMs = sinceStart();
        step({ type: "input", field: effect.field, mode: effect.mode, value: effect.value });
        return;
      case "no-input":
        tally.noInputs += 1;
        step({ type: "no-input" });
        return;
      case "no-match":
        tally.noMatches += 1;
        step({ type: "no-match" });
        return;
      case "submitted":
        step({ type: "submitted", url: effect.url, status: effect.status });
        return;
      case "entered":
        if (!tally.started) step({ type: "started", documentUrl: effect.url });
        tally.started = true;
        void stage.prompts.prepare(effect.prompts, over.signal);
        return;
      case "ended":
        finish(effect.end);
        return;
      // Nobody listens for speech yet, and the port ends the call when the dialog is over.
      case "listening":
      case "disconnect":
      case "stop-play":
      case "set-timer":
      case "cancel-timer":
        return;
      default:
        effect satisfies never;
    }
  }

  return {
    finish,
    firstInput: (): Input => stamp({ type: "start" }),
    perform(effects: readonly Effect[]): void {
      for (const effect of effects) if (!over.signal.aborted) begin(effect);
    },
    /** The dialog is open: from here on it hears of keys and of a hang-up, also of one before it was open. */
    attach(opened: DialogHandle): void {
      handle = opened;
      stopDigits = leg.onDigit((digit) => {
        player.digit();
        send({ type: "digit", digit });
      });
      stage.signal.addEventListener("abort", hangUp, { once: true });
      if (stage.signal.aborted) hangUp();
      leg.onHangup(hangUp);
    },
  };
}
