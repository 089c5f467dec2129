/** One call's dialog from start to result: performs effects in order and answers with inputs. */
import { milliseconds, SECOND_MS } from "../../domain/kernel/time.ts";
import type { DialogOrder, DialogResult, DialogStep } from "../../domain/ports/dialog-runner.ts";
import type { CallLeg } from "../../domain/ports/telephony.ts";
import type { DialogStart } from "./dialog/dialog.ts";
import type { DialogEnd, Effect, Input } from "./dialog/effects.ts";
import { spokenText } from "./dialog/prompt-writer.ts";
import { createDialogFetches } from "./dialog-fetches.ts";
import type { PromptCache } from "./prompt-cache.ts";
import { createPromptPlayer } from "./prompt-player.ts";
import { recordCaller } from "./record-caller.ts";
import type { DialogRunnerOptions } from "./runner-options.ts";
import type { DialogHandle, WorkerPool } from "./worker-pool.ts";

/** After a hang-up handlers may still fetch and submit, for this long. */
const FINAL_PROCESSING_MS = 30 * SECOND_MS;

/** A transfer that never answers is over after its own limits and this. */
const TRANSFER_SLACK_MS = 10 * SECOND_MS;
const TRANSFER_MS_MAX = 4 * 3_600 * SECOND_MS;

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
  const { clock, leg } = stage;
  const begun = clock.monotonic();
  const { promise, resolve } = Promise.withResolvers<DialogResult>();
  const timers = new Map<number, () => void>();
  const over = new AbortController();
  const fetches = createDialogFetches(stage, over.signal);
  const player = createPromptPlayer({ leg, clock, prompts: stage.prompts, clips: fetches.clips });
  const tally = {
    inputs: 0,
    noInputs: 0,
    noMatches: 0,
    firstPromptMs: -1,
    participatedMs: 0,
    hungUp: false,
    started: false,
  };
  let handle: DialogHandle | null = null;

  const stamp = (input: Unstamped<Input>): Input => ({ ...input, now: clock.monotonic(), wall: clock.now() });
  const send = (input: Unstamped<Input>): void => {
    if (!over.signal.aborted) handle?.send(stamp(input));
  };
  const finish = (end: DialogEnd): void => {
    if (over.signal.aborted) return;
    over.abort();
    handle?.close();
    for (const cancel of timers.values()) cancel();
    player.stop();
    stopDigits();
    stage.signal.removeEventListener("abort", hangUp);
    resolve(resultOf(end, tally));
  };
  const hangUp = (): void => {
    if (tally.hungUp) return;
    tally.hungUp = true;
    player.stop();
    send({ type: "hangup" });
    wait(-1, FINAL_PROCESSING_MS, () =>
      finish({ kind: "hangup", value: null, event: "connection.disconnect.hangup" }),
    );
  };
  const wait = (id: number, afterMs: number, action: () => void): void => {
    if (over.signal.aborted) return;
    timers.set(
      id,
      clock.schedule(milliseconds(afterMs), () => {
        timers.delete(id);
        action();
      }),
    );
  };
  /** A promise that breaks is a fault of the house: the call ends in order, and the process lives. */
  const answer = <T>(work: Promise<T>, input: (value: T) => Unstamped<Input>): void => {
    void work.then(
      (value) => send(input(value)),
      () => finish({ kind: "limit", value: null, event: "error.com.reveille.internal" }),
    );
  };
  const step = (made: Unmarked<DialogStep>): void => {
    stage.onStep({ ...made, at: clock.now() });
  };

  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case "fetch":
        answer(fetches.fetch(effect), (fetched) => ({ type: "fetched", id: effect.id, answer: fetched }));
        return;
      case "play":
        step({ type: "prompt", text: spokenText(effect.pieces) });
        if (tally.firstPromptMs < 0)
          player.onFirstSound(() => {
            tally.firstPromptMs = clock.monotonic() - begun;
          });
        answer(player.play(effect.pieces, effect.bargein), (played) => ({
          type: "played",
          id: effect.id,
          ...played,
        }));
        return;
      case "stop-play":
        player.stop();
        return;
      case "set-timer":
        wait(effect.id, effect.afterMs, () => send({ type: "timer", id: effect.id }));
        return;
      case "cancel-timer":
        timers.get(effect.id)?.();
        timers.delete(effect.id);
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
        answer(transfer(stage, effect, over.signal), (moved) => ({
          type: "transferred",
          id: effect.id,
          answer: moved,
        }));
        return;
      case "log":
        step({ type: "log", label: effect.label, text: effect.text });
        return;
      case "heard":
        tally.inputs += 1;
        tally.participatedMs = clock.monotonic() - begun;
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
        return;
      case "ended":
        finish(effect.end);
        return;
      // Nobody listens for speech yet, and the port ends the call when the dialog is over.
      case "listening":
      case "disconnect":
        return;
      default:
        effect satisfies never;
    }
  };

  const stopDigits = leg.onDigit((digit) => {
    player.digit();
    send({ type: "digit", digit });
  });
  handle = stage.pool.open(stage.start, seedOf(stage), stamp({ type: "start" }), {
    onEffects: (effects) => {
      for (const effect of effects) if (!over.signal.aborted) perform(effect);
    },
    onLost: (event) => finish({ kind: "limit", value: null, event }),
  });
  stage.signal.addEventListener("abort", hangUp, { once: true });
  if (stage.signal.aborted) hangUp();
  leg.onHangup(hangUp);
  return promise;
}

function seedOf(stage: Stage): number {
  return Math.floor(stage.chance.draw() * 0x1_0000_0000);
}

/** Never waits longer than the order allows, whatever becomes of the other side. */
async function transfer(
  stage: Stage,
  effect: Extract<Effect, { type: "transfer" }>,
  signal: AbortSignal,
): Promise<Extract<Input, { type: "transferred" }>["answer"]> {
  if (stage.transfer === null) return { outcome: "unsupported", durationMs: 0 };
  const { connectTimeoutMs, maxMs } = effect.order;
  const watchdog = Promise.withResolvers<Extract<Input, { type: "transferred" }>["answer"]>();
  const mostMs = connectTimeoutMs + (maxMs === 0 ? TRANSFER_MS_MAX : maxMs) + TRANSFER_SLACK_MS;
  const cancel = stage.clock.schedule(milliseconds(mostMs), () =>
    watchdog.resolve({ outcome: "unknown", durationMs: mostMs }),
  );
  const answer = await Promise.race([stage.transfer(effect.order, stage.leg, signal), watchdog.promise]);
  cancel();
  return answer;
}

function resultOf(
  end: DialogEnd,
  tally: {
    readonly inputs: number;
    readonly noInputs: number;
    readonly noMatches: number;
    readonly firstPromptMs: number;
    readonly participatedMs: number;
    readonly hungUp: boolean;
  },
): DialogResult {
  const failed = end.kind === "event" || end.kind === "limit";
  return {
    result: failed ? "error" : tally.hungUp || end.kind === "hangup" ? "hangup" : "ok",
    exit: end.value,
    event: end.event,
    inputs: tally.inputs,
    noInputs: tally.noInputs,
    noMatches: tally.noMatches,
    firstPromptMs: tally.firstPromptMs < 0 ? null : milliseconds(tally.firstPromptMs),
    participatedMs: milliseconds(tally.participatedMs),
  };
}
