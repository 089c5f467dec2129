/**
 * The registry of a house without a registry: which id stands for which schema, checked in. An id is in every
 * record ever written, so this list is append-only. With a Confluent registry its ids are mapped to these.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SchemaFile } from "./schema-files.ts";

export type LockEntry = {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly sha256: string;
};

export const LOCK_FILE = "registry.lock.json";

export function readLock(folder: string): readonly LockEntry[] {
  return JSON.parse(readFileSync(join(folder, LOCK_FILE), "utf8")) as readonly LockEntry[];
}

/**
 * The lock with an entry for every file. Throws where a locked schema was changed or removed: what was once
 * written must stay readable; add a version instead.
 */
export function extendLock(lock: readonly LockEntry[], files: readonly SchemaFile[]): readonly LockEntry[] {
  const extended = [...lock];
  let lastId = lock.reduce((highest, entry) => Math.max(highest, entry.id), 0);
  for (const file of files) {
    const locked = findEntry(lock, file);
    if (locked === undefined) {
      lastId += 1;
      extended.push({ subject: file.subject, version: file.version, id: lastId, sha256: file.sha256 });
    } else if (locked.sha256 !== file.sha256) {
      throw new Error(
        `${file.subject} v${file.version}: locked schemas never change; add v${file.version + 1}`,
      );
    }
  }
  for (const entry of lock) {
    if (!files.some((file) => isOf(entry, file))) {
      throw new Error(`${entry.subject} v${entry.version}: its file is gone, but records with its id remain`);
    }
  }
  return extended;
}

export function findEntry(lock: readonly LockEntry[], file: SchemaFile): LockEntry | undefined {
  return lock.find((entry) => isOf(entry, file));
}

function isOf(entry: LockEntry, file: SchemaFile): boolean {
  return entry.subject === file.subject && entry.version === file.version;
}
