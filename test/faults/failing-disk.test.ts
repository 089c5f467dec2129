/** Row 47: a disk that fails to sync, and one that changes what was once safe. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { requireProgram } from "../support/installed.ts";
import { CALLING_ROLES, ringingPhone, type WatchedPhone } from "../support/processes.ts";
import { BRIEF, makeHouse, type RestartableHouse } from "./restartable-house.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const GUEST = "+12125550123";

let house: RestartableHouse | null = null;
let phone: WatchedPhone | null = null;
afterEach(async () => {
  await house?.close();
  await phone?.stop();
});

async function smallHouse(): Promise<RestartableHouse> {
  phone = await ringingPhone({ answerAfterMs: 20 });
  house = await makeHouse({ trunk: phone.address, roles: CALLING_ROLES });
  return house;
}

test("a gateway whose disk fails to sync ends at once and acknowledges nothing; the next one goes on", async (context) => {
  const strace = requireProgram(context, "strace");
  const it = await smallHouse();
  const gateway = it.fleet.roles.find(({ role }) => role === "gateway");
  const inject = ["-f", "-qq", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO"];
  const traced = spawn(strace, [...inject, process.execPath, MAIN, "start", "--role", "gateway"], {
    env: { ...gateway?.env, REVEILLE_LOG_LEVEL: "info" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(traced, "exit");
  let said = "";
  const ready = Promise.withResolvers<void>();
  traced.stderr.on("data", (bytes: Buffer) => {
    said += bytes.toString();
    if (/role ready|PTRACE|Operation not permitted/.test(said)) ready.resolve();
  });
  void ended.then(() => ready.resolve());
  await ready.promise;
  if (/PTRACE|Operation not permitted/.test(said)) context.skip("this machine does not let strace trace");
  const answer = await it.post({ to: GUEST, document: { inline: BRIEF } }, "eio").catch(() => null);
  expect(answer?.status ?? 0).not.toBe(202);
  const [code, signal] = (await ended) as [number | null, string | null];
  expect(signal ?? code).not.toBe(0);
  expect(said).toContain("failed to sync");

  await it.fleet.start();
  const watching = await it.watch();
  const request = await it.ask({ to: GUEST, document: { inline: BRIEF } }, "eio");
  expect(await watching.over(request)).toMatchObject({ type: "RequestCompleted" });
  await watching.stop();
}, 90_000);

test("a call journal that the disk has changed in its middle is refused, with the place, and calls nobody", async () => {
  const it = await smallHouse();
  await it.fleet.start();
  const watching = await it.watch();
  for (const key of ["one", "two", "three"]) {
    await watching.over(await it.ask({ to: GUEST, document: { inline: BRIEF } }, key));
    await phone?.idle();
  }
  await watching.stop();
  await it.fleet.stop();
  const path = join(it.data, "telephony-1.journal");
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);
  const { code, said } = await it.command("start", "--role", "telephony");
  expect(code).toBe(1);
  expect(said).toMatch(/call journal: .* is unreadable at byte \d+, before readable records/);
  expect(bytes.equals(readFileSync(path))).toBe(true);
}, 60_000);
