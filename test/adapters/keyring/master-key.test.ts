import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { MasterKeyError } from "../../../adapters/keyring/keyring-errors.ts";
import { createMasterKey, readMasterKey } from "../../../adapters/keyring/master-key.ts";

let path: string;

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "reveille-master-"));
  path = join(folder, "master.key");
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

test("a new master key is its owner's alone, and is read back as it was made", () => {
  const made = createMasterKey(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readMasterKey(path)).toEqual(made);
});

test("one that is there is never replaced: whoever makes one at the same time takes it", () => {
  expect(createMasterKey(path)).toEqual(createMasterKey(path));
});

test("one that others can read is refused", () => {
  createMasterKey(path);
  chmodSync(path, 0o640);
  expect(() => readMasterKey(path)).toThrow(/chmod 600/);
});

test("what is no master key is refused", () => {
  writeFileSync(path, "something else", { mode: 0o600 });
  expect(() => readMasterKey(path)).toThrow(MasterKeyError);
  expect(() => readMasterKey(path)).toThrow(/is no master key/);
});

test("where there is none there is none", () => {
  expect(readMasterKey(path)).toBeNull();
});

test("one is not made where there is no folder for it: a slip in the path is told", () => {
  expect(() => createMasterKey(join(path, "..", "missing", "master.key"))).toThrow(
    /there is no folder .*missing/,
  );
});
