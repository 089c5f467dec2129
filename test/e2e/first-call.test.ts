import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Application, startApplication } from "../../examples/wake-up-call/application.ts";
import {
  GUEST,
  PASSWORD,
  type Processes,
  ringingPhone,
  SENDER,
  startProcesses,
  type WatchedPhone,
} from "../support/processes.ts";

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
    const [host = "", port = ""] = house.smtp.split(":");
    const mail = createTransport({
      host,
      port: Number(port),
      secure: false,
      ignoreTLS: true,
      auth: { user: SENDER, pass: PASSWORD },
    });
    const sent = await mail.sendMail({
      from: "reception@hotel.example",
      to: "outbound@localhost",
      subject: "Wake-up call",
      attachments: [
        {
          content: JSON.stringify({ to: GUEST, document: { url: `${application.url}/wake-up.vxml` } }),
          contentType: "application/json",
          filename: "request.json",
        },
      ],
    });
    mail.close();
    const request = /rq_[0-9a-z]+_[0-9a-f]+/.exec(sent.response)?.[0] ?? "";
    expect(sent.response).toMatch(/^250/);
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
    const data = join(house.folder, "data");
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const bytes = readFileSync(join(file.parentPath, file.name));
      for (const secret of [GUEST, GUEST.slice(1), PASSWORD, "room 12"]) {
        expect(bytes.includes(secret), `${secret} in ${file.name}`).toBe(false);
      }
    }
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
    const headers = { authorization: `Basic ${Buffer.from(`${SENDER}:${PASSWORD}`).toString("base64")}` };
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
    let attempts = 0;
    while (attempts < 2) {
      const response = await fetch(`http://${house.reports}/reports/call-accounting?format=json`);
      const report = (await response.json()) as { rows: { attempts: number }[] };
      attempts = report.rows.reduce((sum, row) => sum + row.attempts, 0);
    }
    expect(attempts).toBe(2);
  });

  test("the guest's telephone recorded what was said", () => {
    expect(statSync(recording).size).toBeGreaterThan(8_000 * 2 * 2);
  });
});
