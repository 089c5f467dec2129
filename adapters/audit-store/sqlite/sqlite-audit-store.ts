/** The second copy in a file of its own, best on another disk than the log's. Each append is synced. */
import { DatabaseSync } from "node:sqlite";
import { canonicalJson } from "../../../domain/kernel/canonical-json.ts";
import {
  AuditConflictError,
  AuditGapError,
  type AuditStore,
  AuditStoreUnavailableError,
} from "../../../domain/ports/audit-store.ts";
import { eventIdOf } from "../event-id.ts";
import { fromParts, toParts } from "../kept-event.ts";

const TABLES = `
CREATE TABLE IF NOT EXISTS kept (
  request TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
  data TEXT NOT NULL, metadata TEXT NOT NULL,
  PRIMARY KEY (request, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS upto (part INTEGER PRIMARY KEY, pos INTEGER NOT NULL) STRICT;
PRAGMA user_version = 1;
`;
const SCHEMA_VERSION = 1;
/** Events of one Request read at once. */
const READ_BATCH = 200;
const BUSY_MS_MAX = 1_000;

type Row = { readonly data: string; readonly metadata: string };

/** Makes the file where it is missing. Throws where it is another program's. */
export function openSqliteAuditStore(path: string): AuditStore {
  const db = new DatabaseSync(path);
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version > SCHEMA_VERSION) throw new Error(`audit: ${path} is of a newer program (version ${version})`);
  db.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = ${BUSY_MS_MAX};${TABLES}`,
  );
  const insert = db.prepare(
    "INSERT INTO kept SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?2 = 1 OR EXISTS (SELECT 1 FROM kept WHERE request = ?1 AND seq = ?2 - 1) ON CONFLICT DO NOTHING",
  );
  const select = db.prepare("SELECT data, metadata FROM kept WHERE request = ? AND seq = ?");
  const selectAfter = db.prepare(
    "SELECT seq, data, metadata FROM kept WHERE request = ? AND seq > ? ORDER BY seq LIMIT ?",
  );
  const note = db.prepare("INSERT INTO upto VALUES (?1, ?2) ON CONFLICT DO UPDATE SET pos = ?2");
  const noted = db.prepare("SELECT pos FROM upto WHERE part = ?");

  return {
    async append(request, seq, kept) {
      const { data, metadata } = toParts(kept);
      const text = canonicalJson(data);
      const row = [text, canonicalJson(metadata)] as const;
      const { changes } = translated(() =>
        insert.run(request, seq, eventIdOf(request, seq, text), data.type, ...row),
      );
      if (Number(changes) > 0) return;
      const found = translated(() => select.get(request, seq)) as Row | undefined;
      if (found === undefined)
        throw new AuditGapError(`audit: ${request} has no event ${seq - 1} before ${seq}`);
      if (found.data !== text) throw new AuditConflictError(`audit: ${request} has another event ${seq}`);
    },
    async *read(request) {
      for (let after = 0; ; ) {
        const rows = translated(() => selectAfter.all(request, after, READ_BATCH)) as (Row & {
          seq: number;
        })[];
        const last = rows.at(-1);
        if (last === undefined) return;
        for (const { data, metadata } of rows)
          yield fromParts({ data: JSON.parse(data), metadata: JSON.parse(metadata) });
        after = last.seq;
      }
    },
    async keptUpTo(partition) {
      const pos = translated(() => noted.get(partition))?.["pos"];
      return pos === undefined ? null : Number(pos);
    },
    async noteKept(partition, offset) {
      translated(() => note.run(partition, offset));
    },
    close: async () => db.close(),
  };
}

/** Locked, full or broken: the operator can mend each of these while the house goes on. */
function translated<Result>(act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new AuditStoreUnavailableError(`audit: the copy's file can't be used now (${said})`, {
      cause: error,
    });
  }
}
