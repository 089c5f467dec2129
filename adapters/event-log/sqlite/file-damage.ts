/**
 * Whether the log's file is still a sound database, after a disk has failed. SQLite checks nothing of it when it
 * opens it, and may go on for months beside a damaged page that nobody reads.
 *
 * `quick_check` walks every page of every table: pages that are no pages, keys out of order, rows that run out of
 * their page. It is all that there is to find in the structure, for the log has no index beside its tables. It says
 * nothing of a bit that fell over within a row: for the rows of `events` the chain of proofs does.
 */
import { DatabaseSync } from "node:sqlite";

/** Faults named; a file that has more is no better for their names. */
const DAMAGE_MAX = 20;
const BUSY_TIMEOUT_MS = 10_000;

/**
 * In SQLite's words, one line for each fault; empty: the file is sound. Reads the whole file and keeps nobody from
 * writing. Throws where the file can't be opened at all.
 */
export function fileDamage(path: string): readonly string[] {
  const db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    const rows = db.prepare(`PRAGMA quick_check(${DAMAGE_MAX})`).all() as { readonly quick_check: string }[];
    return rows.map((row) => row.quick_check).filter((line) => line !== "ok");
  } catch (error) {
    // So badly damaged that SQLite gives up: its first page, or a file that is none of its own.
    return [error instanceof Error ? error.message : String(error)];
  } finally {
    db.close();
  }
}
