/**
 * Wrapped data keys in a small SQLite file, shared by every process of the machine. `synchronous = FULL` makes a
 * key durable before any other process can see it, `secure_delete` overwrites a dropped one, and emptying the
 * write-ahead log removes its last copy. Keys never go into the log or its backups: that is what makes dropping
 * one an erasure.
 */
import { createHmac } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ErasureUnfinishedError, MasterKeyError } from "./keyring-errors.ts";
import { createMasterKey, type MasterKey, readMasterKey, syncDirectory } from "./master-key.ts";

export type WrappedKey = {
  readonly id: string;
  readonly subject: string;
  readonly month: string;
  readonly wrapped: Uint8Array;
};

export interface KeyStore {
  readonly master: MasterKey;
  ofMonth(subject: string, month: string): WrappedKey | null;
  byId(id: string): WrappedKey | null;
  /** Keeps each key unless its subject and month have one already. Durable when it returns. */
  add(keys: readonly WrappedKey[]): void;
  /** Answers how many keys were dropped. Throws `ErasureUnfinishedError` when their remains could not be wiped. */
  drop(subject: string): number;
  close(): void;
}

/** How long a statement waits for another process, and this one stands still; none holds the file for longer than a sync. */
const BUSY_MS_MAX = 2_000;

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  CREATE TABLE IF NOT EXISTS master (fingerprint TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS data_key (
    id TEXT PRIMARY KEY, subject TEXT NOT NULL, month TEXT NOT NULL, wrapped BLOB NOT NULL,
    UNIQUE (subject, month)
  ) WITHOUT ROWID;
`;

/** Opens or makes both files. Throws `MasterKeyError` where they don't belong together. */
export function openKeyStore(path: string, masterKeyPath: string, busyMsMax = BUSY_MS_MAX): KeyStore {
  createPrivately(path);
  const database = new DatabaseSync(path, { timeout: busyMsMax });
  try {
    database.exec(SCHEMA);
    syncDirectory(dirname(path));
    return storeOn(database, agreedMaster(database, path, masterKeyPath));
  } catch (error) {
    database.close();
    throw error;
  }
}

// Only where it is new: closing a second descriptor of an open database would drop this process's locks on it.
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/** The master key that this keyring was made with; a new one is made for an empty keyring only. */
function agreedMaster(database: DatabaseSync, path: string, masterKeyPath: string): MasterKey {
  return inTransaction(database, () => {
    const known = database.prepare("SELECT fingerprint FROM master").get()?.["fingerprint"];
    const found = readMasterKey(masterKeyPath);
    if (found === null && known !== undefined) {
      throw new MasterKeyError(
        `keyring: ${masterKeyPath} is missing; restore the one that ${path} was made with`,
      );
    }
    const master = found ?? createMasterKey(masterKeyPath);
    if (known === undefined) {
      database.prepare("INSERT INTO master VALUES (?)").run(fingerprintOf(master));
    } else if (known !== fingerprintOf(master)) {
      throw new MasterKeyError(`keyring: ${masterKeyPath} is not the master key that ${path} was made with`);
    }
    return master;
  });
}

function fingerprintOf(master: MasterKey): string {
  return createHmac("sha256", master.encryption).update(master.tenant).digest("hex").slice(0, 32);
}

// Immediate: a read transaction that turns into a write fails at once when somebody wrote meanwhile.
function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function storeOn(database: DatabaseSync, master: MasterKey): KeyStore {
  const ofMonth = database.prepare("SELECT * FROM data_key WHERE subject = ? AND month = ?");
  const byId = database.prepare("SELECT * FROM data_key WHERE id = ?");
  const insert = database.prepare("INSERT INTO data_key VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const remove = database.prepare("DELETE FROM data_key WHERE subject = ?");
  return {
    master,
    ofMonth: (subject, month) => wrappedKey(ofMonth.get(subject, month)),
    byId: (id) => wrappedKey(byId.get(id)),
    add(keys) {
      inTransaction(database, () => {
        for (const { id, subject, month, wrapped } of keys) insert.run(id, subject, month, wrapped);
      });
    },
    drop(subject) {
      const { changes } = inTransaction(database, () => remove.run(subject));
      wipeLog(database);
      return Number(changes);
    },
    close: () => database.close(),
  };
}

/** Moves the write-ahead log into the main file, where deleted keys are overwritten, and empties it. */
function wipeLog(database: DatabaseSync): void {
  const { busy } = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() ?? {};
  if (busy === 0) return;
  throw new ErasureUnfinishedError("keyring: the keys are dropped, but a reader keeps the log; erase again");
}

function wrappedKey(row: ReturnType<ReturnType<DatabaseSync["prepare"]>["get"]>): WrappedKey | null {
  const { id, subject, month, wrapped } = row ?? {};
  if (typeof id !== "string" || typeof subject !== "string" || typeof month !== "string") return null;
  return wrapped instanceof Uint8Array ? { id, subject, month, wrapped } : null;
}
