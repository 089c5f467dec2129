/**
 * Fault case 54: everything secret is planted in a real run through all roles, refusals, a kill and the commands
 * included; then everything that the installation has written or said is searched for it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runReveille } from "../support/command-line.ts";
import { loopbackSettings } from "../support/house-setup.ts";
import { ringingPhone, startWeb, type WatchedPhone } from "../support/processes.ts";
import { filesBelow } from "./files-below.ts";
import { sendByProgram } from "./mail-to-house.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** What must not be found, whole or encoded as it travels. */
const SECRETS = {
  password: "planted-password-4711",
  "wrong password": "planted-guess-0815",
  "API key": "rvl_planted_Q7wPZ2mKx9LtR4vB",
  "wrong API key": "rvl_planted_W1rongW1rongW1rong",
  "signing secret": "planted-signing-secret-99aa",
  "report token": "planted-report-token-7788",
  "number called": "12125550173",
  "number shown": "12125550174",
  "number that is malformed": "12125550175123456789",
  "PIN keyed": "73829164",
  "user data": "planted user data of room 12",
  "words of an inline program": "planted words of a program",
} as const;

const PIN = SECRETS["PIN keyed"];
const GUEST = `+${SECRETS["number called"]}`;

let folder: string;
let phone: WatchedPhone;
let web: Awaited<ReturnType<typeof startWeb>>;
let house: ChildProcess;
let settings: Readonly<Record<string, string>>;
const heard: string[] = [];
/** What the application was sent: it must have got the digits, or nothing here is proven. */
const submitted: string[] = [];
const addresses = new Map<string, string>();
let said = "";

const PROGRAM = (next: string): string => `<vxml xmlns="http://www.w3.org/2001/vxml" version="2.1">
  <property name="timeout" value="3s"/>
  <form>
    <field name="pin" type="digits?length=8"><prompt>${SECRETS["words of an inline program"]}</prompt></field>
    <filled>
      <log label="pin">keyed <value expr="pin"/></log>
      <submit next="${next}?session=${PIN}" namelist="pin" method="get"/>
    </filled>
  </form>
</vxml>`;

const GOODBYE = `<vxml xmlns="http://www.w3.org/2001/vxml" version="2.1">
  <form><block><prompt>thank you</prompt><exit expr="'${PIN}'"/></block></form>
</vxml>`;

function hear(chunk: Buffer): void {
  said += chunk.toString();
  // The last that was told: a role that was started again may listen elsewhere.
  for (const [, name, address] of said.matchAll(/"(http|smtp|reports)":"(127\.0\.0\.1:\d+)"/g)) {
    if (name !== undefined && address !== undefined) addresses.set(name, address);
  }
}

const pause = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 50));

/** Resolves when the house has said this. */
async function untilSaid(words: string): Promise<void> {
  while (!said.includes(words)) {
    if (house.exitCode !== null) throw new Error(`the house ended: ${said}`);
    await pause();
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "reveille-secrecy-"));
  phone = await ringingPhone({ keys: [PIN] });
  web = await startWeb((request, response) => {
    submitted.push(request.url ?? "");
    response.writeHead(200, { "content-type": "application/voicexml+xml" }).end(GOODBYE);
  });
  settings = {
    ...loopbackSettings(folder),
    REVEILLE_LOG_LEVEL: "info",
    REVEILLE_TRUNK: phone.address,
    REVEILLE_REPORT_TOKEN: SECRETS["report token"],
  };
  const directory = join(folder, "directory.json");
  writeFileSync(
    directory,
    JSON.stringify({
      senders: [
        {
          sender: "hotel",
          password: SECRETS.password,
          apiKey: SECRETS["API key"],
          signingKey: { keyId: "hotel-1", secret: SECRETS["signing secret"] },
        },
      ],
      rules: { version: "test@1", hours: [], volumeMax: 100 },
    }),
  );
  await command("directory", "--file", directory);
  house = spawn(process.execPath, [MAIN, "start"], {
    env: { PATH: process.env["PATH"], ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  house.stdout?.on("data", hear);
  house.stderr?.on("data", hear);
  await untilSaid("reveille: ready");
}, 120_000);

afterAll(async () => {
  if (house?.exitCode === null) {
    const ended = new Promise((resolve) => house.once("exit", resolve));
    house.kill("SIGTERM");
    await ended;
  }
  await phone?.stop();
  await web?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command against the house and keeps what it said. */
async function command(...words: string[]): Promise<string> {
  const { out, err } = await runReveille(words, {
    ...settings,
    REVEILLE_GATEWAY_URL: `http://${addresses.get("http") ?? "127.0.0.1:1"}`,
    REVEILLE_REPORTS_URL: `http://${addresses.get("reports") ?? "127.0.0.1:1"}`,
    REVEILLE_SENDER: "hotel",
    REVEILLE_PASSWORD: SECRETS.password,
  });
  heard.push(`${words[0]}: ${out}${err}`);
  return out;
}

async function post(body: string, authorization: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://${addresses.get("http")}/v1/requests`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "idempotency-key": crypto.randomUUID(),
      authorization,
    },
    body,
  });
  const text = await answer.text();
  heard.push(`answer: ${text}`);
  return { status: answer.status, text };
}

function basic(password: string): string {
  return `Basic ${Buffer.from(`hotel:${password}`).toString("base64")}`;
}

const request = (change: object = {}): string =>
  JSON.stringify({
    to: GUEST,
    from: `+${SECRETS["number shown"]}`,
    document: { inline: PROGRAM(`${web.url}/pin`) },
    userData: SECRETS["user data"],
    ...change,
  });

/** Looks at the status, as its Sender would, until the Request is over. */
async function untilOver(id: string): Promise<string> {
  for (;;) {
    const answer = await fetch(`http://${addresses.get("http")}/v1/requests/${id}`, {
      headers: { authorization: `Bearer ${SECRETS["API key"]}` },
    });
    const status = (await answer.json()) as { final?: boolean; status?: string };
    if (status.final === true) return String(status.status);
    await pause();
  }
}

function mail(password: string, content: string): Promise<string> {
  return sendByProgram(addresses.get("smtp") ?? "", ["hotel", password], content).catch(String);
}

describe("a run with everything secret planted (reliability 54)", () => {
  test(
    "a call takes place in which a PIN is keyed, submitted and answered",
    { timeout: 90_000 },
    async () => {
      const { status, text } = await post(request(), basic(SECRETS.password));
      expect(status).toBe(202);
      expect(await untilOver((JSON.parse(text) as { id: string }).id)).toBe("completed");
      expect(submitted).toEqual([`/pin?session=${PIN}&pin=${PIN}`]);
    },
  );

  test("others are refused, by HTTP and by mail, for every reason that quotes something", async () => {
    const later = { notBefore: "2035-01-01T00:00:00Z", notAfter: "2035-01-02T00:00:00Z" };
    const apiKey = `Bearer ${SECRETS["API key"]}`;
    const statuses = [
      await post(request(later), apiKey),
      await post(request(), basic(SECRETS["wrong password"])),
      await post(request(), `Bearer ${SECRETS["wrong API key"]}`),
      await post(
        request(),
        `Reveille-HMAC-SHA256 keyId="hotel-1", created=1, id="x", signature="${"0".repeat(64)}"`,
      ),
      await post(request({ to: `+${SECRETS["number that is malformed"]}` }), apiKey),
      await post(request().slice(0, -1), apiKey),
      await post(request({ userData: { nested: SECRETS["user data"] } }), apiKey),
    ].map(({ status }) => status);
    expect(statuses).toEqual([202, 401, 401, 401, 422, 400, 422]);
    expect(await mail(SECRETS.password, request(later))).toMatch(/^250/);
    expect(await mail(SECRETS["wrong password"], request())).toMatch(/535/);
    expect(await mail(SECRETS.password, request().slice(0, -1))).toMatch(/55\d/);
  });

  test("roles die and come back, and every command is asked", { timeout: 60_000 }, async () => {
    const readyBefore = said.split('"role ready"').length;
    // Not the reports, whose engine takes its time to come back: they are what the commands ask.
    const roles = childrenOf(house.pid ?? 0).filter((pid) => !commandOf(pid).includes("reporting"));
    expect(roles).toHaveLength(3);
    for (const pid of roles) process.kill(pid, "SIGABRT");
    while (said.split('"role ready"').length < readyBefore + roles.length) await pause();
    const events = await command("sql", "SELECT * FROM v_events", "--json");
    expect(events).toContain("InputCollected");
    for (const view of ["v_calls", "v_requests"]) await command("sql", `SELECT * FROM ${view}`, "--json");
    await command("report", "call-accounting", "--json");
    await command("send", "--to", "nonsense", "--document", "https://hotel.example/x");
    await command("erase", "--customer", "nonsense", "--yes");
  });

  test("and none of it is found in anything that the house said", () => {
    expect(said).toContain("role ready");
    const places = [said, ...heard].map((text) => ({ begins: text.slice(0, 40), secrets: found(text) }));
    expect(places.filter(({ secrets }) => secrets.length > 0)).toEqual([]);
  });

  test("nor in any file that it has written", () => {
    const written = filesBelow(join(folder, "data"));
    expect(written.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["log.db", "master.key", "telephony-1.journal"]),
    );
    const places = written.map(({ name, bytes }) => ({ name, secrets: found(bytes) }));
    expect(places.filter(({ secrets }) => secrets.length > 0)).toEqual([]);
  });

  test("a plain copy of any of them would be found", () => {
    for (const [what, secret] of Object.entries(SECRETS)) {
      expect(found(`…${secret}…`)).toContain(what);
      expect(found(Buffer.from(`\0${secret}\0`))).toContain(what);
    }
  });
});

/** Processes that this one has started (Linux). */
function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return children === "" ? [] : children.split(" ").map(Number);
}

function commandOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
}

/** Names of the secrets that stand in it: as they are, or in base64, as a login carries them. */
function found(where: string | Buffer): readonly string[] {
  return Object.entries(SECRETS)
    .filter(
      ([, secret]) => where.includes(secret) || base64Forms(secret).some((form) => where.includes(form)),
    )
    .map(([what]) => what);
}

/** At any of three places within a longer text, without the ends that its neighbours share. */
function base64Forms(secret: string): readonly string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.from(" ".repeat(before) + secret)
      .toString("base64")
      .replaceAll("=", "");
    return text.slice(before === 0 ? 0 : before + 1, -2);
  });
}
