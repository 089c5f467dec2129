/**
 * How long calls wait when a dispatcher is killed: an owner of every partition dies with kill -9 while 100,000
 * Requests are open, and another process takes over and restores them with the product's own task. On the embedded
 * log, and with `--kafka` on a broker with 48 partitions. The floor is the same records read and decoded by the
 * log's own `read`, one partition after the other, without a lease to wait for or anything to remember.
 * `node bench/log-takeover.ts [--kafka] [open Requests]`
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { KAFKA_PARTITIONS } from "../adapters/event-log/kafka/topics.ts";
import { EMBEDDED_PARTITIONS } from "../adapters/event-log/partitions.ts";
import { createSqliteLog } from "../adapters/event-log/sqlite/sqlite-log.ts";
import { createSystemClock } from "../adapters/system/clock.ts";
import { parseCustomerKey, requestId, type Slot } from "../domain/kernel/identifiers.ts";
import { instant } from "../domain/kernel/time.ts";
import type { Entry, EventLog, Ownership, Task } from "../domain/ports/event-log.ts";
import type { RequestState } from "../domain/request/state.ts";
import { terms } from "../test/support/sample-request.ts";
import { benchLog } from "./bench-house.ts";
import { printBench } from "./bench-line.ts";
import { startKafkaBench } from "./kafka-bench.ts";
import type { OwnerOrder, OwnerWord } from "./log-owner.ts";

const OPEN_REQUESTS = Number(process.argv.slice(2).find((word) => /^[0-9]+$/.test(word)) ?? 100_000);
const COMMIT_RECORDS = 500;
const GROUP = "dispatcher";
/** After so long without a word an owner is dead: on the embedded log as short as is safe, on Kafka its default least. */
const LEASE_MS = 1_000;
const SESSION_MS = 6_000;

/** Of who only fills the log: it remembers nothing. */
const IDLE_TASK: Omit<Task, "resumeAfter"> = {
  restoreState: () => undefined,
  eventsKnownUpTo: () => null,
  restoreEvent: () => undefined,
  handle: () => Promise.resolve(),
  drop: () => undefined,
};

const kafka = process.argv.includes("--kafka");
const name = kafka ? "log-takeover-kafka" : "log-takeover";
const command = `node bench/log-takeover.ts${kafka ? " --kafka" : ""}`;
const counts = kafka ? KAFKA_PARTITIONS : EMBEDDED_PARTITIONS;
const house = kafka ? await openKafka() : openEmbedded();
try {
  await fill(house.log);
  const restoring = await timeToOwn(null);
  const takeover = await timeToOwn(await startVictim());
  const readMs = await timeToRead(house.log);
  printBench({
    name,
    figures: {
      openRequests: OPEN_REQUESTS,
      partitions: counts.requests,
      leaseMs: kafka ? SESSION_MS : LEASE_MS,
      takeoverMs: takeover.allMs,
      firstPartitionMs: takeover.firstMs,
      restoreMs: restoring.allMs,
      restoredPerSecond: (OPEN_REQUESTS * 1_000) / restoring.allMs,
      readMs,
    },
    ratio: readMs / restoring.allMs,
    against: "reading and decoding the same state / owning and restoring it with nobody to wait for",
    goals: [{ figure: "takeoverMs", atMost: kafka ? 10_000 : 4_000 }],
    command,
  });
} finally {
  await house.stop();
}

type House = {
  readonly log: EventLog;
  readonly order: Omit<OwnerOrder, "kind">;
  readonly stop: () => Promise<void>;
};

function openEmbedded(): House {
  const home = mkdtempSync(join(tmpdir(), "reveille-bench-takeover-"));
  const path = join(home, "log.db");
  const clock = createSystemClock();
  const log = createSqliteLog({
    path,
    clock,
    owner: "filler",
    operatorLog: benchLog,
    maintain: false,
    leaseMs: LEASE_MS,
  });
  return {
    log,
    order: { path, addresses: null, waitMs: LEASE_MS },
    async stop() {
      await log.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function openKafka(): Promise<House> {
  const bench = await startKafkaBench(name, command, KAFKA_PARTITIONS);
  return {
    log: bench.openLog("filler", SESSION_MS),
    order: { path: null, addresses: bench.addresses, waitMs: SESSION_MS },
    stop: () => bench.stop(),
  };
}

/** The changelog of a dispatcher with so many Requests that wait for tomorrow. */
async function fill(log: EventLog): Promise<void> {
  const filled = Promise.withResolvers<void>();
  let left = counts.requests;
  const worker = log.work(GROUP, (ownership) => ({
    ...IDLE_TASK,
    resumeAfter(committed) {
      fillPartition(ownership)
        .then(() => {
          left -= 1;
          return left === 0 ? filled.resolve() : undefined;
        })
        .catch(filled.reject);
      return committed;
    },
  }));
  await filled.promise;
  await worker.stop();
}

async function fillPartition(ownership: Ownership): Promise<void> {
  const { partition } = ownership;
  const share = Math.ceil(OPEN_REQUESTS / counts.requests);
  for (let first = 0; first < share; first += COMMIT_RECORDS) {
    const numbers = Array.from(
      { length: Math.min(COMMIT_RECORDS, share - first) },
      (_, index) => first + index,
    );
    const state = numbers.map((number) => scheduled(partition, number));
    await ownership.commit({ events: [], state, offers: [], handledUpTo: null });
  }
}

function scheduled(partition: number, number: number): Entry<"state"> {
  const digest = new Uint8Array(16);
  new DataView(digest.buffer).setUint32(12, number);
  const slot = partition as Slot;
  const id = requestId(digest, slot);
  const hex = partition.toString(16).padStart(4, "0") + number.toString(16).padStart(28, "0");
  const customer = parseCustomerKey(hex);
  if (customer === null) throw new Error(`bench: ${hex} is no Customer`);
  const now = Date.now();
  const state: RequestState = {
    phase: "scheduled",
    dueAt: instant(now + 86_400_000),
    terms: terms({ customer, notAfter: instant(now + 172_800_000) }),
    receivedAt: instant(now),
    attemptsUsed: 0,
    calls: 0,
    offers: 0,
    refusals: 0,
    cancelRequested: false,
  };
  return {
    key: id,
    slot,
    message: { type: "RequestState", seq: 2, handledUpTo: null, snapshot: JSON.stringify(state) },
    envelope: {
      id: `${id}-state`,
      source: "bench",
      subject: id,
      time: instant(now),
      sequence: null,
      correlationId: id,
      causationId: null,
      causeOffset: null,
      ownerEpoch: 1,
    },
  };
}

/** Owns everything and waits for its end. */
async function startVictim(): Promise<ChildProcess> {
  const victim = fork(fileURLToPath(new URL("./log-owner.ts", import.meta.url)));
  victim.send({ ...house.order, kind: "idle" } satisfies OwnerOrder);
  await heard(victim, "owned");
  return victim;
}

/** The child's next word of that kind; what it says before is passed over. */
async function heard(child: ChildProcess, wanted: OwnerWord["said"]): Promise<OwnerWord> {
  const word = Promise.withResolvers<OwnerWord>();
  const listen = (said: OwnerWord): void => {
    if (said.said === wanted) word.resolve(said);
  };
  child.on("message", listen);
  child.once("exit", (code) => word.reject(new Error(`bench: an owner ended with ${code}`)));
  const answer = await word.promise;
  child.off("message", listen);
  return answer;
}

/** From the owner's death, or from the start where there is none, until a dispatcher has restored everything. */
async function timeToOwn(
  victim: ChildProcess | null,
): Promise<{ readonly firstMs: number; readonly allMs: number }> {
  const heir = fork(fileURLToPath(new URL("./log-owner.ts", import.meta.url)));
  heir.send({ ...house.order, kind: "prepare" } satisfies OwnerOrder);
  await heard(heir, "ready");
  const gone = victim === null ? null : once(victim, "exit");
  const [first, all] = [heard(heir, "first"), heard(heir, "owned")];
  const begun = performance.now();
  victim?.kill("SIGKILL");
  heir.send({ ...house.order, kind: "dispatcher" } satisfies OwnerOrder);
  await first;
  const firstMs = performance.now() - begun;
  const { requests } = await all;
  const allMs = performance.now() - begun;
  await gone;
  if (requests < OPEN_REQUESTS) throw new Error(`bench: the heir has restored ${requests} Requests`);
  const ended = once(heir, "exit");
  heir.disconnect();
  await ended;
  return { firstMs, allMs };
}

async function timeToRead(log: EventLog): Promise<number> {
  const begun = performance.now();
  let found = 0;
  for (let partition = 0; partition < counts.state; partition += 1) {
    for await (const batch of log.read("state", partition)) found += batch.length;
  }
  if (found < OPEN_REQUESTS) throw new Error(`bench: ${found} records of state were read`);
  return performance.now() - begun;
}
