import fc from "fast-check";
import { expect, test } from "vitest";
import type { RequestId } from "../../../domain/kernel/identifiers.ts";
import { instant } from "../../../domain/kernel/time.ts";
import { priorityOf } from "../../../domain/schedule/priority.ts";
import { createReadyQueue } from "../../../domain/schedule/ready-queue.ts";
import { createTimerHeap } from "../../../domain/schedule/timer-heap.ts";

test("what waits is served by priority, then age, then arrival (O01, O08)", () => {
  const one = fc.record({ priority: fc.integer({ min: 0, max: 3 }), since: fc.integer({ min: 0, max: 3 }) });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 50 }), (waiting) => {
      const queue = createReadyQueue();
      waiting.forEach(({ priority, since }, index) => {
        queue.push({ request: `${index}` as RequestId, priority, since: instant(since) });
      });
      const served = Array.from({ length: waiting.length }, () => Number(queue.pop()));
      const expected = waiting
        .map((entry, index) => ({ ...entry, index }))
        .toSorted((a, b) => a.priority - b.priority || a.since - b.since || a.index - b.index)
        .map(({ index }) => index);
      expect(served).toEqual(expected);
      expect(queue.pop()).toBeNull();
      expect(queue.size()).toBe(0);
    }),
  );
});

test("timers fall due in order, and never early", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 }),
      fc.integer({ min: 0, max: 20 }),
      (times, now) => {
        const heap = createTimerHeap<number>();
        for (const at of times) heap.push(instant(at), at);
        const due: number[] = [];
        for (let what = heap.popDue(instant(now)); what !== null; what = heap.popDue(instant(now)))
          due.push(what);
        expect(due).toEqual(times.filter((at) => at <= now).toSorted((a, b) => a - b));
        const left = times.filter((at) => at > now);
        expect(heap.next()).toBe(left.length === 0 ? null : Math.min(...left));
      },
    ),
  );
});

test("enhanced goes before basic, solitary before bulk, then the Sender's rank (O08, O10, O11)", () => {
  const order = [
    priorityOf({ serviceLevel: "enhanced", bulkiness: "solitary", rank: 9 }),
    priorityOf({ serviceLevel: "enhanced", bulkiness: "solitary", rank: 0 }),
    priorityOf({ serviceLevel: "enhanced", bulkiness: "bulk", rank: 9 }),
    priorityOf({ serviceLevel: "basic", bulkiness: "solitary", rank: 9 }),
    priorityOf({ serviceLevel: "basic", bulkiness: "bulk", rank: 0 }),
  ];
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(new Set(order).size).toBe(order.length);
});
