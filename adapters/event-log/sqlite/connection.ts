import { DatabaseSync } from "node:sqlite";
import type { PartitionCounts } from "../partitions.ts";
import { SCHEMA_VERSION, TABLES, TOPIC_NUMBERS } from "./schema.ts";
import { isBusy, toLogError } from "./sqlite-errors.ts";

/** Another process may be recovering or creating the file: how long opening waits for it. */
const OPEN_WAIT_MS_MAX = 10_000;
const OPEN_AGAIN_MS = 20;
/**
 * How long one statement may wait for another process's lock, with the event loop standing still. Short: a
 * writer that finds it taken tries again later, between other work.
 */
const BUSY_TIMEOUT_MS = 10;
const CACHE_KIB = 16_384;
/**
 * Where the WAL starts over it is cut to this, so that one bad hour does not keep its space for ever: well above
 * the size at which it usually does (`RESTART_WAL_BYTES`), for cutting costs a writer more than writing over.
 */
const WAL_BYTES_KEPT = 134_217_728;

/**
 * Opens the log's file, makes its tables where they are missing, and checks that it is one of ours. Throws
 * `LogDamagedError` where SQLite can't make anything of it.
 */
export function openConnection(
  path: string,
  counts: PartitionCounts,
  waitMsMax: number = OPEN_WAIT_MS_MAX,
): DatabaseSync {
  const deadline = performance.now() + waitMsMax;
  for (;;) {
    const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      prepare(db, counts);
      return db;
    } catch (error) {
      db.close();
      if (!isBusy(error) || performance.now() > deadline) throw toLogError(error, path);
      // At start only: there is nothing yet that could be kept waiting.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPEN_AGAIN_MS);
    }
  }
}

function prepare(db: DatabaseSync, counts: PartitionCounts): void {
  // Secure delete, in every process: a row that another's page split moved would else leave its bytes behind, and
  // an erased key must not. NORMAL never syncs at a commit: durability is `durable-ack.ts`, one fdatasync for many commits. Checkpoints
  // belong to maintenance, or the unlucky writer would pay for everybody's.
  db.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${CACHE_KIB};
    PRAGMA secure_delete = ON;
  `);
  if (readNumber(db, "PRAGMA user_version", "user_version") === SCHEMA_VERSION) {
    checkPartitions(db, counts);
    return;
  }
  db.exec("BEGIN IMMEDIATE");
  try {
    const version = readNumber(db, "PRAGMA user_version", "user_version");
    if (version > SCHEMA_VERSION) {
      throw new Error(
        `log: file version ${version}, this program knows ${SCHEMA_VERSION}; use a newer program`,
      );
    }
    db.exec(TABLES);
    const insert = db.prepare("INSERT OR IGNORE INTO part VALUES (?, ?, 0)");
    for (const [topic, number] of Object.entries(TOPIC_NUMBERS)) {
      const count = counts[topic as keyof PartitionCounts];
      for (let partition = 0; partition < count; partition += 1) insert.run(number, partition);
    }
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
  checkPartitions(db, counts);
}

function checkPartitions(db: DatabaseSync, counts: PartitionCounts): void {
  for (const [topic, number] of Object.entries(TOPIC_NUMBERS)) {
    const found = readNumber(db, `SELECT count(*) AS n FROM part WHERE topic = ${number}`, "n");
    const wanted = counts[topic as keyof PartitionCounts];
    if (found !== wanted) {
      throw new Error(
        `log: ${topic} has ${found} partitions, ${wanted} were asked for; their number never changes`,
      );
    }
  }
}

function readNumber(db: DatabaseSync, sql: string, column: string): number {
  const value = db.prepare(sql).get()?.[column];
  return typeof value === "number" ? value : 0;
}
