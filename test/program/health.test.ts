/** A process tells how it is from its first moment, and a container's probe understands it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { freeAddress } from "../support/free-address.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

let folder: string;
let started: ChildProcess | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reveille-health-"));
});
afterEach(async () => {
  if (started !== null && started.exitCode === null && started.signalCode === null) {
    started.kill("SIGKILL");
    await once(started, "exit");
  }
  started = null;
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves once the dispatcher has said `what` on standard error. */
async function startDispatcher(
  settings: Readonly<Record<string, string>>,
  what: string,
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(ROOT, "main.ts"), "start", "--role", "dispatcher"], {
    env: { PATH: process.env["PATH"] ?? "", REVEILLE_DATA: folder, ...settings },
    stdio: ["ignore", "ignore", "pipe"],
  });
  started = child;
  const said = Promise.withResolvers<void>();
  child.once("exit", (code) => said.reject(new Error(`ended with ${code} before it said "${what}"`)));
  createInterface({ input: child.stderr ?? process.stdin }).on("line", (line) => {
    if (line.includes(`"what":"${what}"`)) said.resolve();
  });
  await said.promise;
  return child;
}

async function probe(address: string): Promise<{ readonly code: number; readonly told: string }> {
  const child = spawn(process.execPath, [join(ROOT, "deploy/probe.mjs"), address]);
  let told = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => (told += text));
  const [code] = (await once(child, "close")) as [number];
  return { code, told };
}

test("a role that is ready says so, and the probe succeeds until it has stopped", async () => {
  const health = await freeAddress();
  const child = await startDispatcher({ REVEILLE_HEALTH: health }, "role ready");
  const { code: ready, told: page } = await probe(health);
  expect(ready).toBe(0);
  expect(JSON.parse(page)).toMatchObject({ status: "ready", role: "dispatcher" });
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  const { code, told } = await probe(health);
  expect(code).toBe(1);
  expect(told).toContain(`${health} does not answer`);
});

test("a role that waits for its brokers says for what, and the probe fails", async () => {
  const [health, nobody] = [await freeAddress(), await freeAddress()];
  await startDispatcher({ REVEILLE_HEALTH: health, REVEILLE_KAFKA: nobody }, "waiting");
  const { code, told } = await probe(health);
  expect(code).toBe(1);
  expect(JSON.parse(told)).toMatchObject({
    status: "starting",
    role: "dispatcher",
    for: expect.stringContaining(nobody),
  });
});

test("a probe without an address says what it wants", async () => {
  expect(await probe("")).toMatchObject({ code: 2, told: expect.stringContaining("REVEILLE_HEALTH") });
});
