/** The floor under everything durable: records of the same size, appended to the bare store and synced. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogStore } from "../adapters/event-log/log-store.ts";
import { EMBEDDED_PARTITIONS } from "../adapters/event-log/partitions.ts";
import { openSqliteStore } from "../adapters/event-log/sqlite/sqlite-store.ts";
import type { RecordToStore, StoredRecord } from "../adapters/event-log/stored-record.ts";
import { createSystemClock } from "../adapters/system/clock.ts";
import { benchLog } from "./bench-house.ts";

export function openRawStore(path: string): LogStore {
  return openSqliteStore({
    path,
    counts: EMBEDDED_PARTITIONS,
    clock: createSystemClock(),
    operatorLog: benchLog,
    onSyncFailure(error) {
      throw error;
    },
  });
}

/** `writers` append one record after the other, each waiting until its own is durable. Answers records per second. */
export async function rawAppendsPerSecond(
  samples: readonly StoredRecord[],
  writers: number,
  seconds: number,
): Promise<{ readonly perSecond: number; readonly latenciesMs: readonly number[] }> {
  const folder = mkdtempSync(join(tmpdir(), "reveille-bench-raw-"));
  const store = openRawStore(join(folder, "log.db"));
  const latenciesMs: number[] = [];
  const start = performance.now();
  const endMs = start + seconds * 1_000;

  async function write(writer: number): Promise<void> {
    for (let turn = writer; performance.now() < endMs; turn += writers) {
      const begun = performance.now();
      await store.append([toStore(samples, turn)]);
      await store.durable();
      latenciesMs.push(performance.now() - begun);
    }
  }

  try {
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
    return { perSecond: (latenciesMs.length * 1_000) / (performance.now() - start), latenciesMs };
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function toStore(samples: readonly StoredRecord[], turn: number): RecordToStore {
  const sample = samples[turn % samples.length];
  if (sample === undefined) throw new Error("bench: there is no sample record to write");
  const { key, value, envelope } = sample;
  const partition = turn % EMBEDDED_PARTITIONS.requests;
  return { topic: "requests", partition, key, value, envelope };
}
