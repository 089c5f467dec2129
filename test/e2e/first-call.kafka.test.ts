import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Application, startApplication } from "../../examples/wake-up-call/application.ts";
import { dial } from "../adapters/smtp/smtp-house.ts";
import { whyNoKafka } from "../support/kafka-broker.ts";
import {
  GUEST,
  PASSWORD,
  type Processes,
  ringingPhone,
  SENDER,
  startProcesses,
  type WatchedPhone,
} from "../support/processes.ts";
import { kafkaHouseSettings, useBroker } from "./kafka-house.ts";

const missing = whyNoKafka();
const TALK =
  '<vxml xmlns="http://www.w3.org/2001/vxml" version="2.1"><form><block><prompt>Hello. <break time="4s"/></prompt></block></form></vxml>';

let application: Application;
let phone: WatchedPhone;
let house: Processes;

async function sendMail(body: object): Promise<string> {
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
      { content: JSON.stringify(body), contentType: "application/json", filename: "request.json" },
    ],
  });
  mail.close();
  return sent.response;
}

/** What the mail gateway says to a Request at the end of its data. */
async function answerToMail(body: object): Promise<string> {
  const talk = await dial(Number(house.smtp.split(":").at(-1)));
  await talk.say("EHLO client.example");
  await talk.say(`AUTH PLAIN ${btoa(`\0${SENDER}\0${PASSWORD}`)}`);
  await talk.say("MAIL FROM:<ops@hotel.example>");
  await talk.say("RCPT TO:<outbound@localhost>");
  await talk.say("DATA");
  const answer = await talk.say(
    `Date: ${new Date().toUTCString()}\r\nMessage-ID: <${crypto.randomUUID()}@hotel.example>\r\nSubject: Call\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(body)}\r\n.`,
  );
  talk.hangUp();
  return answer;
}

const wakeUp = (): object => ({
  to: GUEST,
  document: { url: `${application.url}/wake-up.vxml` },
  userData: "room 12",
});

const rung = (): number => phone.events.filter(({ what }) => what === "ringing").length;

describe.skipIf(missing !== null)(
  `the house on a Kafka broker${missing === null ? "" : ` (${missing})`}`,
  // Some seconds each on a machine of its own; brokers and calls beside other work take many times that.
  { timeout: 150_000 },
  () => {
    const brokers = useBroker();
    beforeAll(async () => {
      application = await startApplication();
      phone = await ringingPhone({ keys: ["1", "2"] });
      house = await startProcesses({
        trunk: phone.address,
        settings: await kafkaHouseSettings(brokers().addresses),
      });
    });
    afterAll(async () => {
      await house?.stop();
      await phone?.stop();
      await application?.close();
    });

    test("a Request posted by HTTP becomes a call, its answer and its end (A05, R01)", async () => {
      const request = await house.request(wakeUp());
      expect(await house.over(request)).toMatchObject({ type: "RequestCompleted", outcome: "completed" });
      await phone.idle();
      expect(application.answers).toEqual(["snooze"]);
      const { value } = await house.event(request, "InputCollected");
      expect(await house.keyring.open(value)).toBe("snooze");
    });

    test("so does one by email, and the report counts both (C01, N06)", async () => {
      const taken = await sendMail(wakeUp());
      expect(taken).toMatch(/^250/);
      const request = /rq_[0-9a-z]+_[0-9a-f]+/.exec(taken)?.[0] ?? "";
      expect(await house.over(request)).toMatchObject({ type: "RequestCompleted" });
      await phone.idle();
      expect(application.answers).toEqual(["snooze", "up"]);
      let attempts = 0;
      while (attempts < 2) {
        const response = await fetch(`http://${house.reports}/reports/call-accounting?format=json`);
        const report = (await response.json()) as { rows: { attempts: number }[] };
        attempts = report.rows.reduce((sum, row) => sum + row.attempts, 0);
      }
      expect(attempts).toBe(2);
    });

    test("while the broker is down Requests are refused for now, calls go on, and their outcome arrives after it is back (reliability 41)", async () => {
      const request = await house.request({ to: GUEST, document: { inline: TALK } });
      await house.event(request, "CallAnswered");
      await brokers().kill(0);
      const [refused, mailed] = await Promise.all([
        house.post({ to: GUEST, document: { inline: TALK } }),
        answerToMail({ to: GUEST, document: { inline: TALK } }),
      ]);
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(mailed).toMatch(/^451 /);
      // The call is on the line all the same, and comes to its own end.
      await phone.idle();
      expect(house.history(request)).not.toContain("CallCompleted");
      await brokers().restart(0);
      expect(await house.over(request)).toMatchObject({ type: "RequestCompleted", outcome: "completed" });
    });

    test("after its return the house goes on as before", async () => {
      const request = await house.request({ to: GUEST, document: { inline: TALK } });
      expect(await house.over(request)).toMatchObject({ type: "RequestCompleted" });
      await phone.idle();
    });

    test("a broker that restarts in the middle of a call is not noticed by who talks (reliability 41)", async () => {
      const before = rung();
      const request = await house.request({ to: GUEST, document: { inline: TALK } });
      await house.event(request, "SessionStarted");
      await brokers().halt(0);
      await brokers().restart(0);
      expect(await house.over(request)).toMatchObject({ type: "RequestCompleted", outcome: "completed" });
      expect(rung() - before).toBe(1);
    });
  },
);
