import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requireProgram } from "../support/installed.ts";
import {
  AUTHORIZATION,
  CALLING_ROLES,
  GUEST,
  PASSWORD,
  type Processes,
  ringingPhone,
  SENDER,
  startProcesses,
  type WatchedPhone,
} from "../support/processes.ts";
import { hello } from "../support/programs.ts";
import { sendByHand } from "./mail-to-house.ts";

let phone: WatchedPhone;
let house: Processes;

beforeAll(async () => {
  phone = await ringingPhone({ answerAfterMs: 50 });
  house = await startProcesses({ trunk: phone.address, roles: CALLING_ROLES });
});
afterAll(async () => {
  await house?.stop();
  await phone?.stop();
});

const BODY = { to: GUEST, document: { inline: hello() } };

const sendMail = (): Promise<string> =>
  sendByHand(house.smtp, { login: [SENDER, PASSWORD], request: JSON.stringify(BODY) });

test("a gateway whose disk is full says so, loses nothing, and goes on by itself when there is space", async (context) => {
  const prlimit = requireProgram(context, "prlimit");
  const before = await house.request(BODY, "before");
  expect(await house.over(before)).toMatchObject({ type: "RequestCompleted" });
  await phone.idle();

  const pid = house.supervisor.pidOf("gateway");
  const limit = (bytes: string): void => {
    execFileSync(prlimit, ["--pid", String(pid), `--fsize=${bytes}`]);
  };
  // One byte: every write that would make a file longer than that fails, as on a full disk.
  limit("1:unlimited");
  const refused = await house.post(BODY, "full");
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ reasonCode: "unavailable" });
  expect(await sendMail()).toMatch(/^451 4\.3\.0 unavailable/);
  expect(house.supervisor.pidOf("gateway")).toBe(pid);
  const health = await fetch(`http://${house.gateway}/v1/requests/${before}`, {
    headers: { authorization: AUTHORIZATION },
  });
  expect(await health.json()).toMatchObject({ status: "completed" });

  limit("unlimited");
  expect(statSync(join(house.folder, "data", "log.db")).size).toBeGreaterThan(0);
  const after = await house.request(BODY, "full");
  expect(await house.over(after)).toMatchObject({ type: "RequestCompleted", outcome: "completed" });
  await phone.idle();
  expect(await sendMail()).toMatch(/^250 /);
  expect(house.supervisor.pidOf("gateway")).toBe(pid);
  expect(house.history(before)).toHaveLength(new Set(house.history(before)).size);
}, 60_000);
