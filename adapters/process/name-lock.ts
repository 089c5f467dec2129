/**
 * A name that one process of this machine holds. The lock is SQLite's own on a small file: the system takes it
 * back when the process ends, however it ends, so that nothing has to be cleaned up after a crash. A file with a
 * process id in it would have to be, and the id may be somebody else's by then.
 */
import { DatabaseSync } from "node:sqlite";

export type NameLock = {
  /** What the last holder has noted; null: nobody has. */
  readonly lastNote: number | null;
  /** Kept for the next holder. */
  note(value: number): void;
  release(): void;
};

/** Another process of this machine holds the name. Trying again helps once it has ended. */
export class NameTakenError extends Error {
  readonly retryable = true;
  override readonly name = "NameTakenError";
}

/** `what` names the thing in the error's message. Throws `NameTakenError`. */
export function lockName(path: string, what: string): NameLock {
  const file = new DatabaseSync(path);
  try {
    // Taken with the first transaction, and held until the file is closed.
    file.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    file.exec(
      "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL)",
    );
    file.exec("COMMIT");
  } catch (cause) {
    file.close();
    throw new NameTakenError(
      `${what} is running on this machine already: ${path} is locked by another process. Stop that one, or give this one another name`,
      { cause },
    );
  }
  const kept = file.prepare("SELECT value FROM note").get()?.["value"];
  return {
    lastNote: typeof kept === "number" ? kept : null,
    note: (value) => void file.prepare("INSERT OR REPLACE INTO note VALUES (1, ?)").run(value),
    release: () => file.close(),
  };
}
