import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClientCommands } from "../../adapters/cli/client-commands.ts";
import { runCommand } from "../../adapters/cli/command.ts";
import { createPhoneCommand } from "../../adapters/cli/phone-command.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const COMMANDS = [
  "start",
  "demo",
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

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

/** The program itself, as a shell runs it. */
function reveille(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: compiled, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.on("close", (code) => resolve({ code, out, err }));
  });
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
    expect(err).toContain("telephony, dispatcher, reporting, gateway");
  });

  test("an impossible setting exits 1 with what to do, and no stack", async () => {
    const { code, err } = await reveille(["start"], { REVEILLE_PORTS: "many", REVEILLE_HTPP: "x" });
    expect(code).toBe(1);
    expect(err).toContain("REVEILLE_PORTS");
    expect(err).toContain("REVEILLE_HTPP is no setting");
    expect(err).not.toContain("    at ");
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
