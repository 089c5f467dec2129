import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockName, NameTakenError } from "../../../adapters/process/name-lock.ts";

const HOLDER = fileURLToPath(new URL("name-holder.ts", import.meta.url));
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reveille-lock-"));
  path = join(folder, "telephony-1.lock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Another process that holds the name, and the way to kill it. */
async function holder(): Promise<{ kill(): Promise<void> }> {
  const child = spawn(process.execPath, [HOLDER, path], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return {
    async kill() {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

test("a name that another process holds is refused, with what to do (I01)", async () => {
  const other = await holder();
  expect(() => lockName(path, 'telephony server "telephony-1"')).toThrow(NameTakenError);
  expect(() => lockName(path, 'telephony server "telephony-1"')).toThrow(
    /telephony server "telephony-1" is running on this machine already.*another name/s,
  );
  await other.kill();
});

test("a killed holder leaves the name free, and its note", async () => {
  await (await holder()).kill();
  const lock = lockName(path, "the server");
  expect(lock.lastNote).toBe(4_711);
  lock.note(4_712);
  lock.release();
  const next = lockName(path, "the server");
  expect(next.lastNote).toBe(4_712);
  next.release();
});

test("nobody has noted anything under a new name", () => {
  const lock = lockName(path, "the server");
  expect(lock.lastNote).toBeNull();
  lock.release();
});

test("a holder that wrote nothing more than its note still holds the name", () => {
  const lock = lockName(path, "the server");
  lock.note(1);
  expect(() => lockName(path, "the server")).toThrow(NameTakenError);
  lock.release();
});
