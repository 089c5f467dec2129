/**
 * What waits for a free port, best first: by priority, then by age, then by order of arrival. One task serves
 * its own best; fairness across partitions is approximate, and that is accepted.
 */
import type { RequestId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";
import { createHeap } from "./heap.ts";

type Waiting = { readonly request: RequestId; readonly priority: number; readonly since: Instant };

export type ReadyQueue = {
  push(waiting: Waiting): void;
  /** The next to be served; null when nothing waits. It may have moved on meanwhile: the caller looks. */
  pop(): RequestId | null;
  size(): number;
};

export function createReadyQueue(): ReadyQueue {
  let arrivals = 0;
  const heap = createHeap<Waiting & { readonly arrival: number }>((a, b) => {
    if (a.priority !== b.priority) return a.priority < b.priority;
    if (a.since !== b.since) return a.since < b.since;
    return a.arrival < b.arrival;
  });
  return {
    push(waiting) {
      arrivals += 1;
      heap.push({ ...waiting, arrival: arrivals });
    },
    pop: () => heap.pop()?.request ?? null,
    size: () => heap.size(),
  };
}
