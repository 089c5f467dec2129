import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDigests } from "../../adapters/system/digests.ts";
import { parseSealed } from "../../domain/kernel/sealed.ts";
import { DAY_MS } from "../../domain/kernel/time.ts";
import { type Application, startApplication } from "../../examples/wake-up-call/application.ts";
import { verifyLog } from "../../services/audit/verify-log.ts";
import { runReveille } from "../support/command-line.ts";
import {
  AUTHORIZATION,
  GUEST,
  type Processes,
  ringingPhone,
  startProcesses,
  type WatchedPhone,
} from "../support/processes.ts";
import { accountOf } from "./call-accounting.ts";
import { filesBelow } from "./files-below.ts";

const OTHER_GUEST = "+12125550188";

let application: Application;
let phone: WatchedPhone;
let house: Processes;
/** A call that took place, and two Requests that wait: one for the same guest, one for another. */
let called: string;
let waiting: string;
let others: string;

beforeAll(async () => {
  application = await startApplication();
  phone = await ringingPhone({ keys: ["1"] });
  house = await startProcesses({ trunk: phone.address });
  const document = { url: `${application.url}/wake-up.vxml` };
  called = await house.request({ to: GUEST, document, userData: "room 12" });
  await house.over(called);
  await phone.idle();
  const later = { notBefore: "2035-01-01T00:00:00Z", notAfter: "2035-01-02T00:00:00Z" };
  waiting = await house.request({ to: GUEST, document, userData: "room 12", ...later });
  others = await house.request({ to: OTHER_GUEST, document, userData: "room 9", ...later });
  await Promise.all([waiting, others].map((request) => house.event(request, "RequestScheduled")));
});

afterAll(async () => {
  await house?.stop();
  await phone?.stop();
  await application?.close();
});

const settings = (): Readonly<Record<string, string>> => ({ REVEILLE_DATA: join(house.folder, "data") });

async function get(path: string): Promise<unknown> {
  const headers = { authorization: AUTHORIZATION };
  return (await fetch(`http://${house.gateway}/v1/requests/${path}`, { headers })).json();
}

/** What any process of the house can still open of what stands in the log. */
async function readable(): Promise<readonly string[]> {
  const texts = new Set<string>();
  for (const topic of ["requests", "events", "state", "offers"] as const) {
    for (let partition = 0; partition < house.log.partitionCount(topic); partition += 1) {
      for await (const records of house.log.read(topic, partition)) {
        const found = JSON.stringify(records).matchAll(/[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{38,}/g);
        for (const [text] of found) texts.add(text);
      }
    }
  }
  const sealed = [...texts].map(parseSealed).filter((text) => text !== null);
  const opened = await Promise.all(sealed.map((text) => house.keyring.open(text)));
  return [...new Set(opened.filter((text) => text !== null))].toSorted();
}

async function faults(): Promise<readonly unknown[]> {
  const report = await verifyLog(
    { log: house.log, digests: createDigests(), askTables: null },
    {
      contiguous: true,
      expires: false,
      anchors: [],
      callsForgottenMs: DAY_MS,
      reportsSince: 0,
      onProgress: () => undefined,
    },
  );
  return report.findings;
}

describe("a guest who asks to be forgotten", () => {
  test("can be read by its Sender and by the house as long as nobody has erased it", async () => {
    expect(await readable()).toEqual(
      ['"snooze"', GUEST, OTHER_GUEST, "room 12", "room 9", "snooze"].toSorted(),
    );
    expect(await get(waiting)).toMatchObject({ userData: "room 12", status: "scheduled" });
  });

  test("is erased by one command, which tells the pseudonym and never the number", async () => {
    const before = await accountOf(house.reports, 1);
    const { code, out, err } = await runReveille(
      ["erase", "--customer", "-", "--yes", "--json"],
      settings(),
      `${GUEST}\n`,
    );
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toMatchObject({
      customer: expect.stringMatching(/^[0-9a-f]{32}$/),
      keys: 1,
      takenBack: [waiting],
      stillCalling: [],
      isConfirmed: true,
    });
    expect(`${out}${err}`).not.toContain(GUEST.slice(1));
    expect(await accountOf(house.reports, 1)).toEqual(before);
  });

  test("is unreadable at once for the gateway that had it open", async () => {
    expect(await get(waiting)).toMatchObject({ userData: "(erased)", status: "cancelled" });
    const history = JSON.stringify(await get(`${called}/events`));
    expect(history).toContain('"value":"(erased)"');
    expect(history).not.toContain("snooze");
    expect(await get(`${waiting}/explain`)).toMatchObject({ summary: expect.stringContaining("was erased") });
  });

  test("is unreadable for another process, nobody else is", async () => {
    expect(await readable()).toEqual([OTHER_GUEST, "room 9"]);
    expect(await get(others)).toMatchObject({ userData: "room 9", status: "scheduled" });
  });

  test(
    "stays so when every role has been killed and started again; its call stays in the account",
    { timeout: 90_000 },
    async () => {
      const before = await accountOf(house.reports, 1);
      const roles = ["gateway", "dispatcher", "telephony", "reporting"] as const;
      await Promise.all(roles.map((role) => house.kill(role)));
      await Promise.all(roles.map((role) => house.supervisor.whenReady(role)));
      const gateway = (await house.supervisor.whenReady("gateway"))["http"];
      const headers = { authorization: AUTHORIZATION };
      const status = await fetch(`http://${gateway}/v1/requests/${called}`, { headers });
      expect(await status.json()).toMatchObject({ status: "completed", userData: "(erased)" });
      const reports = (await house.supervisor.whenReady("reporting"))["reports"];
      const after = await fetch(`http://${reports}/reports/call-accounting?format=json`);
      expect(((await after.json()) as { rows: unknown }).rows).toEqual(before);
      expect(await readable()).toEqual([OTHER_GUEST, "room 9"]);
    },
  );

  test("is unreadable for an auditor with the keys, who still sees what happened", async () => {
    const { code, out, err } = await runReveille(
      ["replay", "--request", called, "--open", "--json"],
      settings(),
    );
    expect([code, out.includes("CallAnswered"), out.includes("(erased)")]).toEqual([0, true, true]);
    expect([GUEST.slice(1), "snooze", "room 12"].filter((text) => `${out}${err}`.includes(text))).toEqual([]);
  });

  test("leaves a log in which every chain, number and cause is as it should be", async () => {
    expect(await faults()).toEqual([]);
  });

  test("asked again finds nothing, and says so", async () => {
    const { code, out } = await runReveille(["erase", "--customer", GUEST, "--yes"], settings());
    expect([code, out]).toEqual([0, expect.stringMatching(/^[0-9a-f]{32}: 0 data keys dropped, 0 open/)]);
  });

  test("stands in no file of the installation in clear, before or after", () => {
    const found = filesBelow(join(house.folder, "data")).filter(({ bytes }) =>
      bytes.includes(GUEST.slice(1)),
    );
    expect(found.map(({ name }) => name)).toEqual([]);
  });
});

describe("the command", () => {
  test("does nothing without --yes, and shows only the end of the number", async () => {
    const { code, err } = await runReveille(["erase", "--customer", OTHER_GUEST], settings());
    expect([code, err]).toEqual([2, expect.stringContaining("add --yes to forget +1***188 for good")]);
    expect(err).not.toContain(OTHER_GUEST);
    expect(await readable()).toContain(OTHER_GUEST);
  });

  test("repeats nothing of what is no number", async () => {
    const { code, err } = await runReveille(
      ["erase", "--customer", "-", "--yes"],
      settings(),
      "4930123456\n",
    );
    expect([code, err]).toEqual([2, expect.stringContaining("is no number")]);
    expect(err).not.toContain("30123456");
  });

  test("keys forget lets whole months go", async () => {
    const { code, out } = await runReveille(
      ["keys", "forget", "--before", "2999-01", "--yes", "--json"],
      settings(),
    );
    expect([code, JSON.parse(out)]).toEqual([0, { before: "2999-01", dropped: 1 }]);
    expect(await readable()).toEqual([]);
  });
});
