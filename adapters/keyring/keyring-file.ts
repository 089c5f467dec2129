/**
 * The keyring as it was kept up to version 0.1: a database of its own in the data folder, of use to one machine
 * only. What an installation still has there is taken into the log once; then the file goes, for a copy of a key
 * that nobody looks after would outlive every erasure.
 */
import { existsSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { WrappedKey } from "./key-index.ts";
import { MasterKeyError } from "./keyring-errors.ts";

/** Other processes of this machine start at the same time and wait here; so long at most. */
const BUSY_MS_MAX = 30_000;

/**
 * Hands over every key of the file, and removes it once they are stored. Answers how many; 0 where there is no
 * file. Throws `MasterKeyError` where it was made with another master key than `fingerprint` tells of.
 */
export async function takeOverKeyringFile(
  path: string,
  fingerprint: string,
  store: (keys: readonly WrappedKey[]) => Promise<unknown>,
): Promise<number> {
  if (!existsSync(path)) return 0;
  const database = new DatabaseSync(path, { timeout: BUSY_MS_MAX });
  try {
    // Held until the keys are in the log: of several processes one does it, and the next finds nothing left.
    database.exec("PRAGMA secure_delete = ON; BEGIN EXCLUSIVE");
    const keys = readKeys(database, path, fingerprint);
    await store(keys);
    database.exec("DROP TABLE IF EXISTS data_key; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file, { force: true });
    return keys.length;
  } finally {
    database.close();
  }
}

function readKeys(database: DatabaseSync, path: string, fingerprint: string): readonly WrappedKey[] {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  if (!tables.some(({ name }) => name === "data_key")) return [];
  const known = database.prepare("SELECT fingerprint FROM master").get()?.["fingerprint"];
  if (known !== undefined && known !== fingerprint) {
    throw new MasterKeyError(
      `keyring: ${path} was made with another master key than this house; put its own beside it, or the file away`,
    );
  }
  return database.prepare("SELECT id, subject, month, wrapped FROM data_key").all() as WrappedKey[];
}
