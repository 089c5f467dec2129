import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClientCommands } from "../../adapters/cli/client-commands.ts";
import { runCommand } from "../../adapters/cli/command.ts";
import { createPhoneCommand } from "../../adapters/cli/phone-command.ts";
import { type Ran, runProgram, startProgram } from "../support/program.ts";

const COMMANDS = [
  "start",
  "demo",
  "topics",
  "phone",
  "directory",
  "send",
  "status",
  "events",
  "explain",
  "cancel",
  "report",
  "sql",
] as const;

// Kept from one run of the program to the next: starting it costs a fifth.
const compiled = mkdtempSync(join(tmpdir(), "reveille-compiled-"));
afterAll(() => rmSync(compiled, { recursive: true, force: true }));

function reveille(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return runProgram(args, { NODE_COMPILE_CACHE: compiled, ...env });
}

/** A command in this process: its words, what it wrote, and its exit code. */
async function run(...args: readonly string[]): Promise<Ran> {
  let out = "";
  let err = "";
  const commands = [
    createPhoneCommand(() => Promise.reject(new Error("no telephone here"))),
    ...createClientCommands(() => ({
      gateway: "http://127.0.0.1:9",
      reports: "http://127.0.0.1:9",
      sender: "hotel",
      password: "a-long-password",
      apiKey: null,
      reportToken: null,
    })),
  ];
  const code = await runCommand(commands, args, {
    out: (text) => (out += `${text}\n`),
    err: (text) => (err += `${text}\n`),
  });
  return { code, out, err };
}

const REQUEST = "rq_0123456789abcdefghjkmnpqrs_0a1";

describe("the program", () => {
  test("without a word, or asked for help, shows every command", async () => {
    for (const args of [[], ["--help"], ["help"]]) {
      const { code, out } = await reveille(args);
      expect(code).toBe(0);
      for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^  ${command} `, "m"));
    }
  });

  test.each(COMMANDS)("%s --help says how it is used, on standard output, and exits 0", async (command) => {
    const { code, out, err } = await reveille([command, "--help"]);
    expect(code).toBe(0);
    expect(err).toBe("");
    expect(out).toMatch(new RegExp(`^Usage: reveille ${command}`));
  });

  test("an unknown command exits 2 with the list on standard error", async () => {
    const { code, out, err } = await reveille(["sned"]);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toContain('there is no command "sned"');
    expect(err).toContain("Usage: reveille COMMAND");
  });

  test("an unknown role exits 2 and names the ones there are", async () => {
    const { code, err } = await reveille(["start", "--role", "gatway"]);
    expect(code).toBe(2);
    expect(err).toContain("gateway, telephony, dispatcher, reporting");
  });

  test.each([
    { args: ["--telephony", "0"], why: "give a whole number from 1" },
    { args: ["--role", "dispatcher", "--dispatchers", "2"], why: "--role runs one process" },
  ])("start $args exits 2 and says why", async ({ args, why }) => {
    const { code, err } = await reveille(["start", ...args]);
    expect(code).toBe(2);
    expect(err).toContain(why);
  });

  test("an impossible setting exits 1 with what to do, and no stack", async () => {
    const { code, err } = await reveille(["start"], { REVEILLE_PORTS: "many", REVEILLE_HTPP: "x" });
    expect(code).toBe(1);
    expect(err).toContain("REVEILLE_PORTS");
    expect(err).toContain("REVEILLE_HTPP is no setting");
    expect(err).not.toContain("    at ");
  });
});

describe("a log on Kafka", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "reveille-nowhere-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("without a broker there are no topics to make", async () => {
    const { code, err } = await reveille(["topics", "apply"]);
    expect(code).toBe(1);
    expect(err).toContain("REVEILLE_KAFKA names no broker");
  });

  test("brokers that do not answer fail the making of topics", async () => {
    const { code, err } = await reveille(["topics", "apply"], { REVEILLE_KAFKA: "127.0.0.1:9" });
    expect(code).toBe(1);
    expect(err).toContain("make the topics: no answer");
    expect(err).not.toContain("    at ");
  });

  test("a role whose brokers do not answer waits, says for what, and can be stopped", async () => {
    const role = startProgram(["start", "--role", "dispatcher"], {
      REVEILLE_DATA: folder,
      REVEILLE_KAFKA: "127.0.0.1:9",
    });
    await role.said("the brokers (127.0.0.1:9)");
    role.child.kill("SIGTERM");
    expect((await role.ended).code).toBe(1);
  });
});

describe("two telephony servers of one name", { timeout: 90_000 }, () => {
  test("on one machine: the second is refused, and says what to do (I01, A07)", async () => {
    const folder = mkdtempSync(join(tmpdir(), "reveille-twins-"));
    const settings = {
      REVEILLE_DATA: folder,
      REVEILLE_DEVELOPMENT: "1",
      REVEILLE_SIP: "127.0.0.1:0",
      REVEILLE_SERVER: "twin-1",
    };
    const first = startProgram(["start", "--role", "telephony"], settings);
    await first.said('"what":"role ready"');
    const second = await runProgram(["start", "--role", "telephony"], settings);
    expect(second.code).toBe(1);
    expect(second.err).toContain('telephony server "twin-1" is running on this machine already');
    expect(second.err).not.toContain("    at ");
    first.child.kill("SIGINT");
    expect((await first.ended).code).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("directory", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "reveille-directory-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function apply(content: string, ...more: readonly string[]): Promise<Ran> {
    const file = join(folder, "directory.json");
    writeFileSync(file, content);
    return reveille(["directory", "--file", file, ...more], { REVEILLE_DATA: join(folder, "data") });
  }

  test("answers what it wrote, as JSON where that is asked", async () => {
    const { code, out } = await apply(
      '{"senders": [{"sender": "hotel", "password": "a-long-password"}]}',
      "--json",
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ applied: ["sender:hotel"] });
  });

  test.each([
    ["is no JSON", '{"senders": [{"password": "a-secret-word" oops', "is not JSON"],
    ["has an unknown field", '{"senders": [{"sender": "hotel", "passwort": "a-secret-word"}]}', "passwort"],
  ])("a file that %s exits 1 in one line, and tells no secret", async (_what, content, message) => {
    const { code, out, err } = await apply(content);
    expect(code).toBe(1);
    expect(out).toBe("");
    expect(err).toContain(message);
    expect(err).not.toContain("a-secret-word");
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  test("a file that is not there exits 1 and is named", async () => {
    const { code, err } = await reveille(["directory", "--file", join(folder, "none.json")]);
    expect(code).toBe(1);
    expect(err).toContain("none.json cannot be read (ENOENT)");
  });
});

describe("a wrong command line exits 2 with the usage on standard error", () => {
  test.each([
    ["an unknown option", ["send", "--too", "+12125550123"], "--too"],
    ["a missing number", ["send", "--document", "http://a.example/"], "--to is missing"],
    ["no document", ["send", "--to", "+12125550123"], "give either --document URL or --file FILE"],
    ["two documents", ["send", "--to", "+1", "--document", "http://a/", "--file", "x"], "give either"],
    ["a file that is not there", ["send", "--to", "+1", "--file", "/nowhere.vxml"], "does not exist"],
    [
      "a limit that is no number",
      ["send", "--to", "+1", "--document", "http://a/", "--ring", "soon"],
      "--ring",
    ],
    ["an empty limit", ["send", "--to", "+1", "--document", "http://a/", "--ring", ""], "--ring"],
    ["a negative limit", ["send", "--to", "+1", "--document", "http://a/", "--max=-1"], "--max"],
    ["no Request", ["status"], "takes 1 argument(s), found 0"],
    ["two Requests", ["cancel", REQUEST, REQUEST], "takes 1 argument(s), found 2"],
    ["keys that no telephone has", ["phone", "--keys", "1,x"], "--keys"],
    ["a refusal that is none", ["phone", "--decline", "200"], "--decline"],
    ["no statement", ["sql"], "takes 1 argument(s)"],
  ])("%s", async (_what, args, message) => {
    const { code, out, err } = await run(...args);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toContain(message);
    expect(err).toContain(`Usage: reveille ${args[0]}`);
  });
});

describe("what was tried and failed exits 1 with a sentence on standard error", () => {
  test.each([
    [["send", "--to", "+12125550123", "--document", "http://a.example/"]],
    [["status", REQUEST]],
    [["events", REQUEST]],
    [["events", REQUEST, "--follow"]],
    [["explain", REQUEST]],
    [["cancel", REQUEST]],
    [["report", "call-accounting"]],
    [["report"]],
    [["sql", "SELECT 1"]],
    [["status", REQUEST, "--gateway", "not a url"]],
    [["sql", "SELECT 1", "--url", "not a url"]],
    [["report", "--url", "not a url"]],
  ])("%j", async (args) => {
    const { code, out, err } = await run(...args);
    expect(code).toBe(1);
    expect(out).toBe("");
    expect(err).toMatch(/^reveille: \S/);
    expect(err).not.toContain("a-long-password");
  });
});

describe("--json answers JSON and nothing else", () => {
  let gateway: string;
  const answers: Readonly<Record<string, unknown>> = {
    [`GET /v1/requests/${REQUEST}`]: { id: REQUEST, status: "queued", attempts: [] },
    [`GET /v1/requests/${REQUEST}/explain`]: { summary: "It waits.", checks: [] },
    [`DELETE /v1/requests/${REQUEST}`]: { id: REQUEST, status: "cancelling" },
    "POST /v1/requests": { id: REQUEST, status: "queued" },
  };
  const server = createServer((request, response) => {
    const answer = answers[`${request.method} ${request.url}`];
    const status = answer === undefined ? 404 : request.method === "GET" ? 200 : 202;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer ?? {}));
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    gateway = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test.each([
    [["send", "--to", "+12125550123", "--document", "http://a.example/"]],
    [["status", REQUEST]],
    [["explain", REQUEST]],
    [["cancel", REQUEST]],
  ])("%j", async (args) => {
    const { code, out, err } = await run(...args, "--json", "--gateway", gateway);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out)).toBeTypeOf("object");
  });

  test("and without it a line for people", async () => {
    const { out } = await run("status", REQUEST, "--gateway", gateway);
    expect(out).toBe(`${REQUEST}: queued\n`);
  });
});
