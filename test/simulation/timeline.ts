/**
 * Virtual time: a heap of what is to happen, ordered by time and then by a tie drawn when it was scheduled, so
 * that things due at once happen in every order over the seeds. Each step runs alone until every promise that it
 * moved has settled; nothing else makes progress, so a seed is a whole history.
 */
import { createHeap } from "../../domain/schedule/heap.ts";
import type { Dice } from "./dice.ts";
import type { Incarnation } from "./incarnation.ts";

type Due = {
  readonly at: number;
  readonly tie: number;
  readonly order: number;
  /** Whose doing it is; null: the world's. */
  readonly owner: Incarnation | null;
  readonly run: () => void;
  cancelled: boolean;
};

export type Timeline = {
  /** Milliseconds since the run began. */
  now(): number;
  /** Runs `action` after `delay`, unless its owner has died by then; a paused owner gets to it afterwards. */
  at(delay: number, owner: Incarnation | null, action: () => void): () => void;
  /** Steps until `done`, or until nothing is left to happen. */
  run(done: () => boolean): Promise<void>;
  steps(): number;
  /** Mixed from the time and order of every step: the same seed gives the same. */
  hash(): number;
};

/** A run with more steps has not come to rest (I12). */
export const STEPS_MAX = 400_000;
/** Steps between two looks of the event loop at the outside (a test runner's messages, Ctrl-C). */
const STEPS_PER_TURN_MAX = 2_000;

function before(first: Due, second: Due): boolean {
  if (first.at !== second.at) return first.at < second.at;
  return first.tie === second.tie ? first.order < second.order : first.tie < second.tie;
}

export function createTimeline(dice: Dice): Timeline {
  const heap = createHeap<Due>(before);
  let now = 0;
  let order = 0;
  let steps = 0;
  let hash = 0x811c9dc5;

  function schedule(at: number, owner: Incarnation | null, run: () => void): Due {
    order += 1;
    const due = { at, tie: dice.draw(), order, owner, run, cancelled: false };
    heap.push(due);
    return due;
  }

  /** Whether anything was run: the dead and the cancelled take no step. */
  function perform(due: Due): boolean {
    if (due.cancelled || due.owner?.alive === false) return false;
    if (due.owner !== null && due.owner.pausedUntil > due.at) {
      schedule(due.owner.pausedUntil, due.owner, () => {
        if (!due.cancelled) due.run();
      });
      return false;
    }
    now = Math.max(now, due.at);
    steps += 1;
    hash = Math.imul(hash ^ due.order, 0x01000193) ^ Math.floor(now);
    due.run();
    return true;
  }

  /** Takes the next step; false when there is none, or no more is wanted. */
  function stepOnce(done: () => boolean): boolean {
    for (;;) {
      if (done() || steps > STEPS_MAX) return false;
      const due = heap.pop();
      if (due === null) return false;
      if (perform(due)) return true;
    }
  }

  return {
    now: () => now,
    steps: () => steps,
    hash: () => hash >>> 0,
    at(delay, owner, action) {
      const due = schedule(now + Math.max(0, delay), owner, action);
      return () => {
        due.cancelled = true;
      };
    },
    run: (done) =>
      new Promise((resolve, reject) => {
        const step = (): void => {
          try {
            if (stepOnce(done)) settle(step, steps % STEPS_PER_TURN_MAX === 0);
            else resolve();
          } catch (error) {
            reject(error);
          }
        };
        setImmediate(step);
      }),
  };
}

/**
 * Calls `next` when every promise has settled that can settle without the outside. A tick that is asked for from
 * within a microtask runs when the queue of microtasks is empty; a turn of the event loop would do the same and
 * look at every socket besides.
 */
function settle(next: () => void, yields: boolean): void {
  if (yields) setImmediate(next);
  else queueMicrotask(() => process.nextTick(next));
}
