/** How long a dispatcher waits for others who may remember what the log has lost (row 50, decision 0014). */
import { beforeEach, expect, test } from "vitest";
import { instant } from "../../../domain/kernel/time.ts";
import type { Delivered, EventLog } from "../../../domain/ports/event-log.ts";
import { type ColdStart, createColdStart } from "../../../services/dispatcher/cold-start.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { createVirtualClock, type VirtualClock } from "../../support/virtual-clock.ts";
import { delivered } from "./sample-desk.ts";

const START = instant(1_800_000_000_000);
const WAIT_MS = 10_000;

let clock: VirtualClock;

beforeEach(() => {
  clock = createVirtualClock(START);
});

/** Two partitions, of which the second may have a past. */
function logWith(events: readonly Delivered<"events">[]): Pick<EventLog, "read" | "partitionCount"> {
  const log = {
    partitionCount: () => 2,
    async *read(topic: string, partition: number) {
      if (topic === "events" && partition === 1) yield events;
    },
  };
  return log as unknown as Pick<EventLog, "read" | "partitionCount">;
}

const TAKEN = { type: "OwnershipTaken", owner: "dispatcher", epoch: 1, at: START } as const;
const OLD_LOG = logWith([delivered("events", "owner", TAKEN, 0, {})]);

const coldStart = (log = OLD_LOG, waitMs = WAIT_MS): ColdStart =>
  createColdStart(waitMs, { log, clock, operatorLog: createFakeOperatorLog() });

/** Whether partitions may be taken, asked after so long. */
async function isOver(start: ColdStart, afterMs: number): Promise<boolean> {
  const over = start.over().then(() => true);
  const notYet = clock.advance(afterMs).then(() => false);
  return Promise.race([over, notYet]);
}

test("where nobody has been at work others get their time to start", async () => {
  const start = coldStart();
  expect(await isOver(start, WAIT_MS - 1)).toBe(false);
  expect(await isOver(start, 1)).toBe(true);
});

test("beside a server that has been up for as long there is nothing to wait for", async () => {
  const start = coldStart();
  start.heard({ at: instant(START + WAIT_MS - 1), startedAt: START });
  expect(await isOver(start, 1)).toBe(false);
  start.heard({ at: instant(START + WAIT_MS), startedAt: START });
  expect(await isOver(start, 1)).toBe(true);
});

test("a house without a past, and one whose memory lies in one place, start at once", async () => {
  expect(await isOver(coldStart(logWith([])), 1)).toBe(true);
  expect(await isOver(coldStart(OLD_LOG, 0), 1)).toBe(true);
});

test("whoever is stopped meanwhile waits no longer", async () => {
  const start = coldStart();
  start.stop();
  expect(await isOver(start, 1)).toBe(true);
});
