/**
 * How fast the past can be read again from Kafka, every event decoded, and what an event weighs there and in the
 * embedded log. Against the same bytes fetched by the same client and thrown away undecoded.
 * `node bench/log-replay.ts --kafka`
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRange } from "../adapters/event-log/kafka/kafka-replay.ts";
import { EMBEDDED_PARTITIONS } from "../adapters/event-log/partitions.ts";
import { createSqliteLog } from "../adapters/event-log/sqlite/sqlite-log.ts";
import { createSystemClock } from "../adapters/system/clock.ts";
import type { Entry, EventLog } from "../domain/ports/event-log.ts";
import { createDie, entriesOf, history } from "../test/projections/reports/sample-history.ts";
import { benchLog } from "./bench-house.ts";
import { printBench } from "./bench-line.ts";
import { startKafkaBench } from "./kafka-bench.ts";
import { percentile } from "./percentile.ts";

const NAME = "log-replay-kafka";
const COMMAND = "node bench/log-replay.ts --kafka";
const REQUESTS = 4_000;
const APPEND_RECORDS = 2_000;
const ROUNDS = 3;

const kafka = await startKafkaBench(NAME, COMMAND);
try {
  const log = kafka.openLog("bench");
  const written = await fill(log);
  const reader = kafka.driver.openReader();
  const rates = { ours: [] as number[], bare: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.bare.push(await rateOf(written, fetchAll));
    rates.ours.push(await rateOf(written, () => readAll(log)));
  }
  await reader.close();
  const [ours, bare] = [percentile(rates.ours, 0.5), percentile(rates.bare, 0.5)];
  printBench({
    name: NAME,
    figures: {
      events: written,
      perSecond: ours,
      fetchedPerSecond: bare,
      kafkaBytesPerEvent: kafka.bytesOf("events") / written,
      embeddedBytesPerEvent: await embeddedBytes(),
    },
    ratio: ours / bare,
    against: "events read and decoded per second / the same fetched and not looked at",
    goals: [{ figure: "ratio", atLeast: 0.6 }],
    command: COMMAND,
  });

  async function fetchAll(): Promise<number> {
    let count = 0;
    const topic = kafka.nameOf("events");
    for (const [partition, { start, end }] of await reader.bounds(topic)) {
      for await (const records of readRange(reader, { topic, partition }, { from: start, to: end })) {
        count += records.length;
      }
    }
    return count;
  }
} finally {
  await kafka.stop();
}

async function fill(log: EventLog): Promise<number> {
  const die = createDie(1);
  let waiting: Entry<"events">[] = [];
  let written = 0;
  for (let index = 0; index < REQUESTS; index += 1) {
    for (const { key, slot, envelope, message } of entriesOf(history(index, die))) {
      waiting.push({ key, slot, envelope, message });
    }
    if (waiting.length < APPEND_RECORDS && index < REQUESTS - 1) continue;
    await log.append("events", waiting);
    written += waiting.length;
    waiting = [];
  }
  return written;
}

async function readAll(log: EventLog): Promise<number> {
  let count = 0;
  for (let partition = 0; partition < EMBEDDED_PARTITIONS.events; partition += 1) {
    for await (const records of log.read("events", partition)) {
      for (const record of records) if (record.ok) count += 1;
    }
  }
  return count;
}

async function rateOf(written: number, read: () => Promise<number>): Promise<number> {
  const begun = performance.now();
  const count = await read();
  if (count !== written) throw new Error(`bench: ${written} events were written, ${count} came back`);
  return (count * 1_000) / (performance.now() - begun);
}

/** Of the same events on this machine's disk, once the log is closed and in one file. */
async function embeddedBytes(): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), "reveille-bench-bytes-"));
  const path = join(home, "log.db");
  try {
    const clock = createSystemClock();
    const log = createSqliteLog({ path, clock, owner: "bench", operatorLog: benchLog, maintain: false });
    const empty = statSync(path).size;
    const written = await fill(log);
    await log.close();
    return (statSync(path).size - empty) / written;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
