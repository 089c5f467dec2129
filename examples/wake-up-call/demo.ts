/**
 * The demo: everything on this machine, in processes of its own, with a temporary data folder. A hotel asks for a
 * wake-up call once by HTTP and once by email; a softphone is the guest. What is printed is read from the log.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import type { Streams } from "../../adapters/cli/command.ts";
import { eventLine } from "../../adapters/cli/event-line.ts";
import { formatTable } from "../../adapters/cli/table.ts";
import { listenForStop } from "../../compose/asked-to-stop.ts";
import { instancesOf } from "../../compose/instances.ts";
import { supervise } from "../../compose/serve.ts";
import { openAdministration, openHouse, openOperatorLog } from "../../compose.ts";
import { startPhone } from "../../compose-phone.ts";
import { readConfig, settingsFor } from "../../config.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import { isTerminal, type RequestEvent } from "../../domain/request/events.ts";
import { startApplication } from "./application.ts";
import { EMBEDDED, openKafkaDemoLog } from "./demo-log.ts";

export type DemoOptions = {
  /** Keep everything running when the calls are over. */
  readonly stay: boolean;
  readonly kafka: boolean;
  readonly streams: Streams;
};

const SENDER = "grand-hotel";
const PASSWORD = "wake-up-all-guests";
const GUEST = "+12125550123";
const PATIENCE_MS = 60_000;
/** As shells count it: 128 and SIGINT. */
const INTERRUPTED = 130;
const REMOVE = { recursive: true, force: true } as const;

type Spoken = { readonly step: { readonly type: string; readonly text?: string } };

function isSpoken(note: unknown): note is Spoken {
  return (
    typeof note === "object" && note !== null && "step" in note && (note as Spoken).step.type === "prompt"
  );
}

function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`demo: ${what} took more than ${PATIENCE_MS / 1000} s`)),
    PATIENCE_MS,
  );
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

/** What the guest pressed, which only this installation's keyring can read. */
async function withInput(event: RequestEvent, keyring: Keyring): Promise<string> {
  if (event.type !== "InputCollected") return eventLine(event);
  return `${eventLine(event)}: "${(await keyring.open(event.value)) ?? "(erased)"}"`;
}

async function postRequest(gateway: string, document: string): Promise<string> {
  const response = await fetch(`http://${gateway}/v1/requests`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Basic ${Buffer.from(`${SENDER}:${PASSWORD}`).toString("base64")}`,
      "idempotency-key": '"room-12-monday"',
    },
    body: JSON.stringify({
      to: GUEST,
      document: { url: document },
      userData: "room 12",
      ringTimeoutSeconds: 20,
    }),
  });
  const answer = (await response.json()) as { id?: string; title?: string; detail?: string };
  if (response.status !== 202 || answer.id === undefined) {
    throw new Error(
      `demo: the gateway answered ${response.status}: ${answer.title ?? ""} ${answer.detail ?? ""}`,
    );
  }
  return answer.id;
}

async function mailRequest(smtp: string, document: string): Promise<string> {
  const [host = "", port = ""] = smtp.split(":");
  const mail = createTransport({
    host,
    port: Number(port),
    secure: false,
    ignoreTLS: true,
    auth: { user: SENDER, pass: PASSWORD },
  });
  const request = JSON.stringify({
    to: GUEST,
    document: { url: document },
    userData: "room 14",
    ringTimeoutSeconds: 20,
  });
  const sent = await mail.sendMail({
    from: `reception@${SENDER}.example`,
    to: "outbound@localhost",
    subject: "Wake-up call for room 14",
    attachments: [{ content: request, contentType: "application/json", filename: "request.json" }],
  });
  mail.close();
  return /rq_[0-9a-z]+_[0-9a-f]+/.exec(sent.response)?.[0] ?? "";
}

export async function runDemo(options: DemoOptions): Promise<number> {
  const { out } = options.streams;
  const folder = mkdtempSync(join(tmpdir(), "reveille-demo-"));
  const recording = join(folder, "heard-by-the-guest.wav");
  const closing: (() => Promise<void>)[] = [];
  const began = Date.now();
  const stopAsked = listenForStop().asked;
  let cutShort = false;
  let lookingAround = false;
  try {
    return await Promise.race([stage(), stopAsked.then(() => interrupted())]);
  } finally {
    // Popped: an interrupted stage may still add to them.
    for (let close = closing.pop(); close !== undefined; close = closing.pop()) await close();
    if (!options.stay || cutShort) rmSync(cutShort ? folder : join(folder, "data"), REMOVE);
  }

  /** Asked to stop before the end: nothing of the trial is left behind, unless somebody is looking around in it. */
  function interrupted(): number {
    cutShort = !lookingAround;
    return lookingAround ? 0 : INTERRUPTED;
  }

  async function stage(): Promise<number> {
    // Closed last, and when it is interrupted while it starts, too.
    const opening = options.kafka ? openKafkaDemoLog(out) : Promise.resolve(EMBEDDED);
    closing.push(() => opening.then((opened) => opened.close()).catch(() => undefined));
    const demoLog = await opening;
    const application = await startApplication();
    closing.push(() => application.close());
    const phone = await startPhone(
      {
        listen: "127.0.0.1:0",
        behaviour: "answer",
        declineCode: 603,
        answerAfterMs: 1_000,
        keys: ["1", "2"],
        hangUpAfterMs: null,
        recordTo: recording,
        call: null,
      },
      ({ what, detail }) => {
        if (!what.startsWith("speech"))
          out(`              the guest's telephone: ${what} ${detail}`.trimEnd());
      },
    );
    closing.push(() => phone.stop());
    const settings = {
      REVEILLE_DATA: join(folder, "data"),
      REVEILLE_DEVELOPMENT: "1",
      REVEILLE_LOG_LEVEL: "warn",
      REVEILLE_HTTP: "127.0.0.1:0",
      REVEILLE_SMTP: "127.0.0.1:0",
      REVEILLE_REPORTS: "127.0.0.1:0",
      REVEILLE_SIP: "127.0.0.1:0",
      REVEILLE_TRUNK: phone.address,
      ...demoLog.settings,
    };
    const config = readConfig(settings);
    const operatorLog = openOperatorLog("warn");
    const administration = await openAdministration(config, operatorLog);
    // The demo must ring at any hour of the day; a real Receiver keeps its hours.
    await administration.apply({
      senders: [{ sender: SENDER, password: PASSWORD }],
      rules: { version: "demo@1", hours: [], volumeMax: 100 },
    });
    await administration.close();

    out("Starting gateway, dispatcher, telephony server and reporting, each a process of its own …");
    const instances = instancesOf(config, { dispatchers: 1, telephony: 1 });
    const supervisor = supervise(instances, settingsFor(process.env, settings), (_name, note) => {
      if (isSpoken(note)) out(`              spoken: "${note.step.text ?? ""}"`);
    });
    closing.push(() => supervisor.stop());
    const listens = await supervisor.start();
    const gateway = listens.get("gateway")?.["http"] ?? "";
    const smtp = listens.get("gateway")?.["smtp"] ?? "";
    const reports = listens.get("reporting")?.["reports"] ?? "";

    const house = await openHouse(config, "demo", operatorLog);
    closing.push(() => house.close());
    const over = new Map<string, PromiseWithResolvers<void>>();
    const overOf = (request: string): PromiseWithResolvers<void> => {
      const known = over.get(request) ?? Promise.withResolvers<void>();
      over.set(request, known);
      return known;
    };
    const subscription = house.log.follow("events", "start", async (records) => {
      for (const record of records) {
        if (!record.ok || record.message === null || record.envelope.subject === null) continue;
        out(await withInput(record.message, house.keyring));
        if (isTerminal(record.message)) overOf(record.envelope.subject).resolve();
      }
    });
    closing.push(() => subscription.stop());

    out(`\nA hotel posts a Request by HTTP: wake the guest of room 12 with ${application.url}/wake-up.vxml`);
    const first = await postRequest(gateway, `${application.url}/wake-up.vxml`);
    await within(overOf(first).promise, "the first call");
    out("\nThe same by email: wake the guest of room 14");
    const second = await mailRequest(smtp, `${application.url}/wake-up.vxml`);
    await within(overOf(second).promise, "the second call");
    out(`\nThe hotel's application was told: ${application.answers.join(", ")}`);

    const report = await within(readReport(reports, 2), "the report");
    out(`\nCall accounting (http://${reports}/):\n\n${report}`);
    const page = join(folder, "report.html");
    writeFileSync(page, await (await fetch(`http://${reports}/reports/call-accounting`)).text());
    out(`\nWhat the guest heard: ${recording}\nThe report as a page: ${page}`);
    const right = application.answers.join() === "snooze,up";
    out(
      `\n${right ? "Done" : "Something is wrong: the guest pressed 1, then 2"} after ${((Date.now() - began) / 1000).toFixed(1)} s.`,
    );
    if (options.stay) {
      out(
        `\nStill running: gateway http://${gateway}, mail ${smtp}, reports http://${reports}/ (Sender ${SENDER}, password ${PASSWORD}).`,
      );
      out(`Data in ${folder}. Stop with Ctrl-C.`);
      lookingAround = true;
      await stopAsked;
    }
    return right ? 0 : 1;
  }
}

/** Waits until the projection shows `attempts` calls, then answers the report as a table. */
async function readReport(reports: string, attempts: number): Promise<string> {
  for (;;) {
    const response = await fetch(`http://${reports}/reports/call-accounting?format=json`);
    const report = (await response.json()) as {
      columns: { name: string; title: string }[];
      rows: Record<string, string | number | null>[];
    };
    if (report.rows.reduce((sum, row) => sum + Number(row["attempts"]), 0) >= attempts) {
      const titles = report.columns.map(({ title }) => title);
      return formatTable(
        titles,
        report.rows.map((row) => report.columns.map(({ name }) => cellOf(row[name] ?? ""))),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function cellOf(value: string | number): string | number {
  return typeof value === "number" ? Math.round(value * 100) / 100 : value;
}
