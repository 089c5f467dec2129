import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteAuditStore } from "../../../adapters/audit-store/sqlite/sqlite-audit-store.ts";
import type { RequestId } from "../../../domain/kernel/identifiers.ts";
import { AuditStoreUnavailableError } from "../../../domain/ports/audit-store.ts";
import { describeAuditStore, keptEvent } from "../../contract/audit-store.ts";

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "reveille-copy-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "copy.db");
}

function opened(path: string) {
  const store = openSqliteAuditStore(path);
  onTestFinished(() => store.close());
  return store;
}

describeAuditStore("the copy in a file", async () => opened(newFile()));

test("the copy in a file is there again when it is opened again", async () => {
  const path = newFile();
  const request = "rq_0123456789abcdefghjkmnpqrs_0a1" as RequestId;
  const first = openSqliteAuditStore(path);
  await first.append(request, 1, keptEvent(1));
  await first.noteKept(2, 5);
  await first.close();
  const again = opened(path);
  await again.append(request, 2, keptEvent(2));
  expect(await again.keptUpTo(2)).toBe(5);
});

test("a file of a newer program is refused", () => {
  const path = newFile();
  const db = new DatabaseSync(path);
  db.exec("PRAGMA user_version = 99");
  db.close();
  expect(() => openSqliteAuditStore(path)).toThrow(/newer program/);
});

test("a file that is locked by another program is unavailable, not lost", async () => {
  const path = newFile();
  const store = opened(path);
  const other = new DatabaseSync(path);
  other.exec("BEGIN EXCLUSIVE");
  const attempt = store.noteKept(0, 1);
  await expect(attempt).rejects.toThrow(AuditStoreUnavailableError);
  other.exec("COMMIT");
  other.close();
  await store.noteKept(0, 1);
  expect(await store.keptUpTo(0)).toBe(1);
});
