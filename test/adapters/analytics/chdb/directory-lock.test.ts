import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DirectoryInUseError, lockDirectory } from "../../../../adapters/analytics/chdb/directory-lock.ts";
import { startOlapd } from "../../../../adapters/analytics/chdb/start-olapd.ts";
import { createFakeOperatorLog } from "../../../support/fake-operator-log.ts";
import { CHDB_MISSING } from "./test-olapd.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "reveille-lock-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const NOBODY = 4_194_305;

test("a lock is there until it is given back", () => {
  const unlock = lockDirectory(directory, process.pid);
  expect(existsSync(join(directory, "olapd.lock"))).toBe(true);
  unlock();
  expect(existsSync(join(directory, "olapd.lock"))).toBe(false);
});

test.for([
  String(NOBODY),
  "",
  "no number",
  String(process.ppid),
])("a lock of %s, which is no running olapd, is taken over", (holder) => {
  writeFileSync(join(directory, "olapd.lock"), holder);
  lockDirectory(directory, process.pid)();
});

test("a second engine on one directory is told who holds it", async (context) => {
  if (CHDB_MISSING !== null) context.skip(CHDB_MISSING);
  const log = createFakeOperatorLog();
  const first = await startOlapd({ directory, log });
  try {
    expect(() => lockDirectory(directory, NOBODY)).toThrow(DirectoryInUseError);
    await expect(startOlapd({ directory, log })).rejects.toThrow(`held by process ${first.pid()}`);
  } finally {
    await first.stop();
  }
  expect(existsSync(join(directory, "olapd.lock"))).toBe(false);
});
