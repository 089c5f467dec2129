/** A process that owns every partition for bench/log-takeover.ts, which tells it what to be and how it ends. */
import { createKafkaLog } from "../adapters/event-log/kafka/kafka-log.ts";
import { createKafkajsDriver } from "../adapters/event-log/kafka/kafkajs-driver.ts";
import { createSqliteLog } from "../adapters/event-log/sqlite/sqlite-log.ts";
import { createMemoryKeyring } from "../adapters/keyring/memory-keyring.ts";
import { createNumberingPlan } from "../adapters/numbering/numbering-plan.ts";
import { createSystemClock } from "../adapters/system/clock.ts";
import { createZoneClock } from "../adapters/system/zone-clock.ts";
import { milliseconds } from "../domain/kernel/time.ts";
import type { EventLog, Task } from "../domain/ports/event-log.ts";
import { createDispatcher } from "../services/dispatcher/dispatcher.ts";
import { BENCH_PREFIX, QUIET } from "./kafka-bench.ts";

export type OwnerOrder = {
  /** `prepare`: open the log and wait. `idle`: own and remember nothing. `dispatcher`: the product's own task. */
  readonly kind: "prepare" | "idle" | "dispatcher";
  readonly path: string | null;
  readonly addresses: readonly string[] | null;
  /** Lease or session. */
  readonly waitMs: number;
};
export type OwnerWord = { readonly said: "ready" | "first" | "owned"; readonly requests: number };

const IDLE_TASK: Task = {
  restoreState: () => undefined,
  eventsKnownUpTo: () => null,
  restoreEvent: () => undefined,
  resumeAfter: (committed) => committed,
  handle: () => Promise.resolve(),
  drop: () => undefined,
};

let opened: EventLog | null = null;
process.on("message", (order: OwnerOrder) => {
  opened ??= openLog(order);
  if (order.kind === "prepare") say("ready", 0);
  else if (order.kind === "idle") watched(opened).work("dispatcher", () => IDLE_TASK);
  else void dispatch(watched(opened));
});
process.on("disconnect", () => process.exit(0));

function say(said: OwnerWord["said"], requests: number): void {
  process.send?.({ said, requests } satisfies OwnerWord);
}

function openLog({ path, addresses, waitMs }: OwnerOrder): EventLog {
  const owner = `owner/${process.pid}`;
  const clock = createSystemClock();
  if (path !== null) {
    return createSqliteLog({ path, clock, owner, operatorLog: QUIET, leaseMs: waitMs, maintain: false });
  }
  const driver = createKafkajsDriver({ brokers: addresses ?? [], clientId: "bench" });
  return createKafkaLog({
    driver,
    clock,
    owner,
    operatorLog: QUIET,
    prefix: BENCH_PREFIX,
    sessionMs: waitMs,
  });
}

/** Says when the first and the last partition has been restored, and with how many Requests. */
function watched(log: EventLog): EventLog {
  let requests = 0;
  let restored = 0;
  return {
    ...log,
    work: (group, makeTask) =>
      log.work(group, (ownership) => {
        const task = makeTask(ownership);
        return {
          ...task,
          restoreState(record) {
            if (record.ok && record.message?.type === "RequestState") requests += 1;
            task.restoreState(record);
          },
          resumeAfter(committed) {
            const resume = task.resumeAfter(committed);
            restored += 1;
            if (restored === 1) say("first", requests);
            if (restored === log.partitionCount("requests")) say("owned", requests);
            return resume;
          },
        };
      }),
  };
}

async function dispatch(log: EventLog): Promise<void> {
  const dispatcher = createDispatcher(
    {
      source: "dispatcher",
      offerTtlMs: milliseconds(5_000),
      serverSilentMs: 10_000,
      rememberOverMs: 3_600_000,
      coldStartMs: 0,
    },
    {
      log,
      keyring: createMemoryKeyring(),
      numbering: createNumberingPlan(),
      zones: createZoneClock(),
      trunkCountry: "US",
      dialled: (number) => number,
      clock: createSystemClock(),
      operatorLog: QUIET,
      draw: () => 0.5,
      ulid: () => crypto.randomUUID(),
    },
  );
  await dispatcher.start();
}
