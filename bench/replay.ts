/**
 * How fast the past can be read again: whole histories of made-up Requests, written to an embedded log and read
 * through `EventLog.read`, every event decoded. Against the same rows from the bare store, undecoded, in batches
 * of the same size. `node bench/replay.ts [requests]`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { READ_BATCH_MAX } from "../adapters/event-log/given-out.ts";
import { EMBEDDED_PARTITIONS } from "../adapters/event-log/partitions.ts";
import { createSqliteLog } from "../adapters/event-log/sqlite/sqlite-log.ts";
import { createSystemClock } from "../adapters/system/clock.ts";
import type { Entry } from "../domain/ports/event-log.ts";
import { createDie, entriesOf, history } from "../test/projections/reports/sample-history.ts";
import { benchLog } from "./bench-house.ts";
import { printBench } from "./bench-line.ts";
import { percentile } from "./percentile.ts";
import { openRawStore } from "./raw-log.ts";

const REQUESTS_MAX = 50_000;
const APPEND_RECORDS = 2_000;
/** Turn and turn about, so that a neighbour's load meets both alike. */
const ROUNDS = 5;

const requests = Math.min(REQUESTS_MAX, Number(process.argv[2] ?? "8000"));
const home = mkdtempSync(join(tmpdir(), "reveille-bench-replay-"));
const path = join(home, "log.db");
const log = createSqliteLog({
  path,
  clock: createSystemClock(),
  owner: "bench",
  operatorLog: benchLog,
  maintain: false,
});
const store = openRawStore(path);
try {
  const written = await fill();
  const decoded: number[] = [];
  const raw: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    raw.push(perSecond(written, await timed(readRaw)));
    decoded.push(perSecond(written, await timed(readDecoded)));
  }
  const ours = percentile(decoded, 0.5);
  const floor = percentile(raw, 0.5);
  printBench({
    name: "replay",
    figures: { events: written, perSecond: ours, rawPerSecond: floor, microsecondsPerEvent: 1e6 / ours },
    ratio: ours / floor,
    against: "events read and decoded per second / rows read from the bare store",
    goals: [{ figure: "ratio", atLeast: 0.6 }],
    command: "node bench/replay.ts",
  });
} finally {
  await log.close();
  await store.close();
  rmSync(home, { recursive: true, force: true });
}

async function fill(): Promise<number> {
  const die = createDie(1);
  let waiting: Entry<"events">[] = [];
  let written = 0;
  for (let index = 0; index < requests; index += 1) {
    for (const { key, slot, envelope, message } of entriesOf(history(index, die))) {
      waiting.push({ key, slot, envelope, message });
    }
    if (waiting.length < APPEND_RECORDS && index < requests - 1) continue;
    await log.append("events", waiting);
    written += waiting.length;
    waiting = [];
  }
  return written;
}

async function readDecoded(): Promise<number> {
  let count = 0;
  for (let partition = 0; partition < EMBEDDED_PARTITIONS.events; partition += 1) {
    for await (const records of log.read("events", partition)) {
      for (const record of records) if (record.ok) count += 1;
    }
  }
  return count;
}

async function readRaw(): Promise<number> {
  let count = 0;
  for (let partition = 0; partition < EMBEDDED_PARTITIONS.events; partition += 1) {
    let from = 0;
    for (;;) {
      const rows = store.readBatch("events", partition, {
        from,
        to: Number.MAX_SAFE_INTEGER,
        limit: READ_BATCH_MAX,
      });
      const last = rows.at(-1);
      if (last === undefined) break;
      count += rows.length;
      from = last.offset + 1;
    }
  }
  return await Promise.resolve(count);
}

type Timed = { readonly count: number; readonly elapsedMs: number };

async function timed(read: () => Promise<number>): Promise<Timed> {
  const begun = performance.now();
  return { count: await read(), elapsedMs: performance.now() - begun };
}

function perSecond(written: number, { count, elapsedMs }: Timed): number {
  if (count !== written) throw new Error(`bench: ${written} events were written, ${count} came back`);
  return (count * 1_000) / elapsedMs;
}
