/**
 * Virtual time: a heap of what is to happen, ordered by time and then by a tie drawn when it was scheduled, so
 * that things due at once happen in every order over the seeds. Each step runs alone until every promise that it
 * moved has settled; nothing else makes progress, so a seed is a whole history.
 */
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

function before(first: Due, second: Due): boolean {
  if (first.at !== second.at) return first.at < second.at;
  return first.tie === second.tie ? first.order < second.order : first.tie < second.tie;
}

function swap(heap: Due[], one: number, other: number): void {
  const [first, second] = [heap[one], heap[other]];
  if (first === undefined || second === undefined) return;
  heap[one] = second;
  heap[other] = first;
}

function isBefore(heap: readonly Due[], one: number, other: number): boolean {
  const [first, second] = [heap[one], heap[other]];
  return first !== undefined && second !== undefined && before(first, second);
}

function push(heap: Due[], due: Due): void {
  heap.push(due);
  for (let at = heap.length - 1; at > 0; ) {
    const parent = (at - 1) >> 1;
    if (!isBefore(heap, at, parent)) return;
    swap(heap, at, parent);
    at = parent;
  }
}

function pop(heap: Due[]): Due | undefined {
  swap(heap, 0, heap.length - 1);
  const first = heap.pop();
  for (let at = 0; ; ) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2]) if (isBefore(heap, child, least)) least = child;
    if (least === at) return first;
    swap(heap, at, least);
    at = least;
  }
}

export function createTimeline(dice: Dice): Timeline {
  const heap: Due[] = [];
  let now = 0;
  let order = 0;
  let steps = 0;
  let hash = 0x811c9dc5;

  function schedule(at: number, owner: Incarnation | null, run: () => void): Due {
    order += 1;
    const due = { at, tie: dice.draw(), order, owner, run, cancelled: false };
    push(heap, due);
    return due;
  }

  /** Whether anything was run: the dead and the cancelled take no step. */
  function perform(due: Due): boolean {
    if (due.cancelled || due.owner?.alive === false) return false;
    if (due.owner !== null && due.owner.pausedUntil > due.at) {
      const { owner, run } = due;
      const later = schedule(owner.pausedUntil, owner, () => {
        if (!due.cancelled) run();
      });
      later.cancelled = false;
      return false;
    }
    now = Math.max(now, due.at);
    steps += 1;
    hash = Math.imul(hash ^ due.order, 0x01000193) ^ Math.floor(now);
    due.run();
    return true;
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
        // One turn of the event loop per step: by its end every promise that the step moved has settled.
        const step = (): void => {
          try {
            for (;;) {
              if (done() || steps > STEPS_MAX) return resolve();
              const due = pop(heap);
              if (due === undefined) return resolve();
              if (perform(due)) break;
            }
            setImmediate(step);
          } catch (error) {
            reject(error);
          }
        };
        setImmediate(step);
      }),
  };
}
