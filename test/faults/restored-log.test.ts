/** A log that was restored from an old copy: what was called since the copy must not be called again unasked. */
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, test } from "vitest";
import { CALLING_ROLES, GUEST, ringingPhone, type WatchedPhone } from "../support/processes.ts";
import { BRIEF, makeHouse, type RestartableHouse } from "./restartable-house.ts";

const SECOND_GUEST = "+12125550124";
const NEWCOMER = "+12125550125";
const DUE_AFTER_MS = 2_500;
/** Several starts of every role, on a machine that does much else beside. */
const STARTS_MS_MAX = 200_000;

let house: RestartableHouse | null = null;
let phone: WatchedPhone | null = null;
afterEach(async () => {
  await house?.close();
  await phone?.stop();
});

const rung = (): number => phone?.events.filter(({ what }) => what === "ringing").length ?? 0;

/** A copy of the running log as SQLite makes it. */
async function copyLog(from: string, to: string): Promise<void> {
  const db = new DatabaseSync(from, { readOnly: true });
  await backup(db, to);
  db.close();
}

function restore(copy: string, path: string): void {
  for (const end of ["-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
  copyFileSync(copy, path);
}

/**
 * One Request over, one that waits: then the copy. The second one is called, all is stopped, and the copy put in
 * the place of the log.
 */
async function houseOverOldLog(roles: Parameters<typeof makeHouse>[0]["roles"]) {
  phone = await ringingPhone({ answerAfterMs: 20 });
  house = await makeHouse({ trunk: phone.address, roles });
  await house.fleet.start();
  const before = await house.watch();
  const first = await house.ask({ to: GUEST, document: { inline: BRIEF } });
  await before.over(first);
  await phone.idle();
  const notBefore = new Date(Date.now() + DUE_AFTER_MS).toISOString();
  const second = await house.ask({ to: SECOND_GUEST, document: { inline: BRIEF }, notBefore });
  await before.event(second, "RequestScheduled");
  const log = join(house.data, "log.db");
  await copyLog(log, `${log}.copy`);
  await before.over(second);
  expect(rung()).toBe(2);
  if (roles.includes("reporting")) await untilReported(house.reports);
  await before.stop();
  await house.fleet.stop();
  restore(`${log}.copy`, log);
  return { house, first, second };
}

/** Both Requests are in the tables. */
async function untilReported(url: string): Promise<void> {
  for (;;) {
    const { lag } = (await (await fetch(`${url}/healthz`)).json()) as {
      readonly lag: { readonly pendingEvents: number; readonly caughtUp: boolean };
    };
    if (lag.caughtUp && lag.pendingEvents === 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

type HoldShown = {
  readonly held: boolean;
  readonly hold: { readonly by: string; readonly reason: string };
  readonly requests: readonly { readonly request: string; readonly status: string }[];
};

const shown = async (it: RestartableHouse): Promise<HoldShown> =>
  JSON.parse((await it.command("hold", "--json")).said) as HoldShown;

describe("a house over an older copy of its log", () => {
  test(
    "takes Requests and calls nobody until the operator has decided; ended as unknown, nobody is called twice",
    async () => {
      const { house: it, first, second } = await houseOverOldLog(CALLING_ROLES);
      await it.fleet.start();
      const watching = await it.watch();
      const third = await it.ask({ to: NEWCOMER, document: { inline: BRIEF } });
      await watching.event(third, "RequestQueued");
      expect(await (await fetch(`http://${it.gateway}/healthz`)).json()).toEqual({
        status: "ok",
        calls: "held",
      });
      const held = await shown(it);
      expect(held.hold.by).toMatch(/^(dispatcher|telephony\/telephony-1)$/);
      expect(held.hold.reason).toMatch(/^the log lacks records that were acknowledged: (requests|events) \d/);
      expect(held.requests).toEqual([expect.objectContaining({ request: second, status: "scheduled" })]);

      // The hold is in the log: it outlives them all.
      for (const role of ["dispatcher", "telephony"]) await it.fleet.kill(role);
      for (const role of ["dispatcher", "telephony"]) await it.fleet.whenReady(role);
      expect((await shown(it)).held).toBe(true);
      expect(rung()).toBe(2);
      expect((await it.command("resume")).code).toBe(2);

      expect(await it.command("resume", "--mark-unknown")).toMatchObject({ code: 0 });
      expect(await watching.over(second)).toMatchObject({ type: "RequestFailed", outcome: "unknown" });
      expect(await watching.over(third)).toMatchObject({ type: "RequestCompleted" });
      expect(rung()).toBe(3);
      const ends = watching.told.filter(
        ({ request, event }) => request === first && event.type.startsWith("Request"),
      );
      expect(ends.at(-1)?.event.type).toBe("RequestCompleted");
      expect(await it.command("resume", "--accept-repeat")).toMatchObject({ code: 1 });
      await watching.stop();
    },
    STARTS_MS_MAX,
  );

  test(
    "calls again what it does not know to have called, where the operator accepts that",
    async () => {
      const { house: it, second } = await houseOverOldLog(CALLING_ROLES);
      await it.fleet.start();
      expect((await shown(it)).held).toBe(true);
      expect(await it.command("resume", "--accept-repeat")).toMatchObject({ code: 0 });
      const watching = await it.watch();
      expect(await watching.over(second)).toMatchObject({ type: "RequestCompleted" });
      expect(rung()).toBe(3);
      // The memory that asked for the hold was part of the decision: it does not ask again.
      await it.fleet.stop();
      await it.fleet.start();
      expect((await shown(it)).held).toBe(false);
      await watching.stop();
    },
    STARTS_MS_MAX,
  );

  test(
    "is held by the reports, too, which are made again once the operator has decided",
    async () => {
      const { house: it, second } = await houseOverOldLog([
        "telephony",
        "dispatcher",
        "reporting",
        "gateway",
      ]);
      for (const file of ["telephony-1.journal", "log.seen"]) rmSync(join(it.data, file));
      await it.fleet.start();
      // Not part of being ready: the pages open first.
      for (let held = false; !held; held = (await shown(it)).held);
      expect((await shown(it)).hold.by).toBe("reporting");
      expect(existsSync(join(it.data, "analytics"))).toBe(true);
      await it.command("resume", "--accept-repeat");
      const watching = await it.watch();
      await watching.over(second);
      await untilReported(it.reports);
      const answer = await fetch(`${it.reports}/sql?format=json`, {
        method: "POST",
        headers: { "content-type": "application/sql" },
        body: "SELECT count() AS n FROM v_calls",
      });
      const placed = watching.told.filter(({ event }) => event.type === "Accepted").length;
      expect(JSON.stringify(await answer.json())).toContain(`[[${placed}]]`);
      await watching.stop();
    },
    STARTS_MS_MAX,
  );
});
