import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Application, startApplication } from "../../examples/wake-up-call/application.ts";
import {
  AUTHORIZATION,
  GUEST,
  PASSWORD,
  type Processes,
  ringingPhone,
  SENDER,
  startProcesses,
  type WatchedPhone,
} from "../support/processes.ts";
import { accountOf, attemptsIn } from "./call-accounting.ts";
import { filesBelow } from "./files-below.ts";
import { idIn, sendByProgram } from "./mail-to-house.ts";

let application: Application;
let phone: WatchedPhone;
let house: Processes;
let folder: string;
let recording: string;

beforeAll(async () => {
  application = await startApplication();
  folder = mkdtempSync(join(tmpdir(), "reveille-heard-"));
  recording = join(folder, "heard.wav");
  phone = await ringingPhone({ keys: ["1", "2"], recordTo: recording });
  house = await startProcesses({ trunk: phone.address });
});

afterAll(async () => {
  await house?.stop();
  await phone?.stop();
  await application?.close();
  rmSync(folder, { recursive: true, force: true });
});

const HISTORY = [
  "RequestReceived",
  "RequestQueued",
  "Dispatched",
  "Accepted",
  "CallPlaced",
  "CallRinging",
  "CallAnswered",
  "SessionStarted",
  "InputCollected",
  "DataSubmitted",
  "CallCompleted",
  "RequestCompleted",
];

describe("the wake-up call through every process (R01)", () => {
  test("posted by HTTP: the guest presses 1 and the hotel hears it (A02, B01, B02, D02, K01, K02, K04, K05, K09, T62)", async () => {
    const request = await house.request({
      to: GUEST,
      document: { url: `${application.url}/wake-up.vxml` },
      userData: "room 12",
    });
    expect(await house.over(request)).toMatchObject({ type: "RequestCompleted", outcome: "completed" });
    await phone.idle();
    expect(house.history(request)).toEqual(HISTORY);
    expect(application.answers).toEqual(["snooze"]);
    const { value } = await house.event(request, "InputCollected");
    expect(await house.keyring.open(value)).toBe("snooze");
  });

  test("sent by email: the guest presses 2 and the hotel hears it (C01, T01, T56)", async () => {
    const body = { to: GUEST, document: { url: `${application.url}/wake-up.vxml` } };
    const taken = await sendByProgram(house.smtp, [SENDER, PASSWORD], JSON.stringify(body));
    const request = idIn(taken);
    expect(taken).toMatch(/^250/);
    expect(await house.over(request)).toMatchObject({ type: "RequestCompleted" });
    expect(house.history(request)).toEqual(HISTORY);
    expect(application.answers).toEqual(["snooze", "up"]);
    expect(house.seen.find((one) => one.request === request)?.event).toMatchObject({ channel: "email" });
  });

  test("every event names its cause, its order and the owner that wrote it", async () => {
    const numbers = new Map<string, number>();
    for (let partition = 0; partition < house.log.partitionCount("events"); partition += 1) {
      for await (const records of house.log.read("events", partition)) {
        for (const record of records) {
          if (!record.ok) throw new Error(record.reason);
          const { subject, sequence, ownerEpoch, correlationId } = record.envelope;
          if (subject === null) continue;
          expect(sequence).toBe((numbers.get(subject) ?? 0) + 1);
          numbers.set(subject, sequence ?? 0);
          expect(ownerEpoch).toBeGreaterThan(0);
          expect(correlationId).toBe(subject);
        }
      }
    }
    expect(numbers.size).toBe(2);
  });

  test("no phone number and no password stands in any record or file in clear (reliability 54)", async () => {
    const files = filesBelow(join(house.folder, "data"));
    expect(files.length).toBeGreaterThan(3);
    const secrets = [GUEST, GUEST.slice(1), PASSWORD, "room 12"];
    const found = files.flatMap(({ name, bytes }) =>
      secrets.filter((secret) => bytes.includes(secret)).map((secret) => `${secret} in ${name}`),
    );
    expect(found).toEqual([]);
  });

  test("the Sender sees status, history and explanation, and nobody else's (M08)", async () => {
    const request = await house.request({
      to: GUEST,
      document: { url: `${application.url}/wake-up.vxml` },
      notBefore: "2035-01-01T00:00:00Z",
      notAfter: "2035-01-02T00:00:00Z",
      userData: "room 9",
    });
    await house.event(request, "RequestScheduled");
    const headers = { authorization: AUTHORIZATION };
    const get = async (path: string) =>
      (await fetch(`http://${house.gateway}/v1/requests/${request}${path}`, { headers })).json();
    expect(await get("")).toMatchObject({ status: "scheduled", userData: "room 9" });
    expect(await get("/explain")).toMatchObject({ status: "scheduled" });
    const cancelled = await fetch(`http://${house.gateway}/v1/requests/${request}`, {
      method: "DELETE",
      headers,
    });
    expect([200, 202, 204]).toContain(cancelled.status);
    expect(await house.over(request)).toMatchObject({ type: "RequestCancelled" });
    const stranger = await fetch(`http://${house.gateway}/v1/requests/${request}`);
    expect(stranger.status).toBe(401);
  });

  test("the report counts both calls (N06, N07)", async () => {
    expect(attemptsIn(await accountOf(house.reports, 2))).toBe(2);
  });

  test("the guest's telephone recorded what was said", () => {
    expect(statSync(recording).size).toBeGreaterThan(8_000 * 2 * 2);
  });
});
