/** `node schemas/lock.ts`: gives every new schema its id. Refuses what old records or old readers couldn't bear. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { incompatibilities } from "./compatibility.ts";
import { TOPICS } from "./record-names.ts";
import { extendLock, LOCK_FILE, type LockEntry, readLock } from "./registry-lock.ts";
import { readSchemaFiles, SCHEMA_FOLDER } from "./schema-files.ts";

/** Rewrites the lock in `folder`; throws, and writes nothing, where a schema may not be added. */
export function lockSchemas(folder: string): readonly LockEntry[] {
  const files = readSchemaFiles(folder, TOPICS);
  const [first] = incompatibilities(files);
  if (first !== undefined) {
    throw new Error(
      `${first.subject}: v${first.reader} can't read v${first.writer}; new fields need a default, none may change`,
    );
  }
  const path = join(folder, LOCK_FILE);
  const lock = extendLock(existsSync(path) ? readLock(folder) : [], files);
  const lines = lock.map((entry) => `  ${JSON.stringify(entry)}`);
  writeFileSync(path, `[\n${lines.join(",\n")}\n]\n`);
  return lock;
}

if (process.argv[1] === import.meta.filename) lockSchemas(SCHEMA_FOLDER);
