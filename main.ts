/** The program: commands in, exit codes out. What each does is put together here from the composed roles. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createClientCommands } from "./adapters/cli/client-commands.ts";
import {
  type Command,
  EXIT,
  requireOption,
  runCommand,
  type Streams,
  textOption,
  UsageError,
  type Words,
} from "./adapters/cli/command.ts";
import { createPhoneCommand } from "./adapters/cli/phone-command.ts";
import {
  createSupervisor,
  type NoteMessage,
  type ReadyMessage,
  type Supervisor,
} from "./adapters/process/supervisor.ts";
import { createSystemClock } from "./adapters/system/clock.ts";
import { openAdministration, openOperatorLog, ROLES, type RoleName, startRole } from "./compose.ts";
import { startPhone } from "./compose-phone.ts";
import { ConfigError, readConfig, settingsFor } from "./config.ts";
import { runDemo } from "./examples/wake-up-call/demo.ts";
import { DirectoryFormError, parseDirectoryForm } from "./services/directory-form.ts";

const ENTRY = fileURLToPath(import.meta.url);

const streams: Streams = {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
};

/** Resolves when the operator, the supervisor or a closed channel asks the process to stop. */
function stopAsked(): Promise<string> {
  return new Promise((resolve) => {
    // Not once: Ctrl-C reaches us twice, from the terminal and through our door, and the second must not kill.
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => resolve(signal));
    // A role whose supervisor died must not live on alone with the port and the lease.
    if (process.channel !== undefined) process.once("disconnect", () => resolve("supervisor gone"));
  });
}

async function serveRole(name: RoleName): Promise<number> {
  const config = readConfig(process.env);
  const operatorLog = openOperatorLog(config.logLevel);
  const note = (value: unknown): void => {
    process.send?.({ type: "note", role: name, note: value } satisfies NoteMessage);
  };
  const observe = config.development
    ? (request: string | null, step: unknown): void => note({ request, step })
    : undefined;
  const asked = stopAsked();
  const role = await Promise.race([startRole(name, config, operatorLog, observe), asked]);
  if (typeof role === "string") {
    // Asked to stop before it was ready: nothing has been promised to anybody yet.
    operatorLog.info("role stops before it was ready", { role: name, why: role });
    return EXIT.failed;
  }
  process.send?.({ type: "ready", role: name, listens: role.listens } satisfies ReadyMessage);
  operatorLog.info("role ready", { role: name, ...role.listens });
  const why = await Promise.race([asked, role.ended.then(() => "ended")]);
  operatorLog.info("role stops", { role: name, why });
  await role.stop();
  return EXIT.ok;
}

function supervise(
  environment: Readonly<Record<string, string>>,
  onNote?: (role: string, note: unknown) => void,
): Supervisor {
  return createSupervisor({
    entry: ENTRY,
    roles: ROLES.map((role) => ({ role, env: environment })),
    clock: createSystemClock(),
    operatorLog: openOperatorLog("warn"),
    ...(onNote === undefined ? {} : { onNote }),
  });
}

async function serveAll(): Promise<number> {
  readConfig(process.env);
  const asked = stopAsked();
  const supervisor = supervise(settingsFor(process.env, {}));
  const listens = await Promise.race([supervisor.start(), asked]);
  if (typeof listens === "string") {
    await supervisor.stop();
    return EXIT.failed;
  }
  for (const [role, addresses] of listens) {
    for (const [name, address] of Object.entries(addresses))
      streams.err(`reveille: ${role} listens for ${name} on ${address}`);
  }
  streams.err("reveille: ready. Stop with Ctrl-C.");
  await asked;
  await supervisor.stop();
  return EXIT.ok;
}

function isRole(name: string): name is RoleName {
  return (ROLES as readonly string[]).includes(name);
}

const start: Command = {
  name: "start",
  usage: "start [--role ROLE]",
  summary: "Runs Reveille: every role on this machine, or one of many.",
  options: { role: { type: "string" } },
  help: [
    ["--role ROLE", `one of ${ROLES.join(", ")}; without it all of them, supervised`],
    ["", "Settings come from the environment (REVEILLE_…): see docs/operations.md."],
  ],
  positionals: { min: 0, max: 0 },
  async run(words) {
    const role = textOption(words, "role");
    if (role === null) return serveAll();
    if (!isRole(role)) throw new UsageError(`there is no role "${role}"; give one of ${ROLES.join(", ")}`);
    return serveRole(role);
  },
};

/** Never tells what stands in the file: it holds secrets, and a JSON error quotes some of them. */
function readJsonFile(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new DirectoryFormError(`directory: ${file} cannot be read (${code}); give a JSON file`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new DirectoryFormError(`directory: ${file} is not JSON; a JSON checker says where`);
  }
}

async function applyDirectory(words: Words): Promise<number> {
  const file = requireOption(words, "file");
  const form = parseDirectoryForm(readJsonFile(file));
  const administration = openAdministration(readConfig(process.env), openOperatorLog("warn"));
  try {
    const keys = await administration.apply(form);
    streams.out(
      words.values["json"] === true ? JSON.stringify({ applied: keys }) : `applied: ${keys.join(", ")}`,
    );
    return EXIT.ok;
  } finally {
    await administration.close();
  }
}

const directory: Command = {
  name: "directory",
  usage: "directory --file FILE [--json]",
  summary: "Writes accounts and rules from a JSON file into the log; secrets are hashed or sealed.",
  options: { file: { type: "string" }, json: { type: "boolean" } },
  help: [
    ["--file FILE", '{"senders": [{"sender": "hotel", "password": "…"}], "rules": {"version": "…"}}'],
    ["--json", "answer as JSON"],
  ],
  positionals: { min: 0, max: 0 },
  run: applyDirectory,
};

const demo: Command = {
  name: "demo",
  usage: "demo [--stay]",
  summary: "Places a real call on this machine: Request, SIP, VoiceXML, keys, report. Needs nothing else.",
  options: { stay: { type: "boolean" } },
  help: [["--stay", "keep everything running afterwards, to look around"]],
  positionals: { min: 0, max: 0 },
  run: (words) =>
    runDemo({
      stay: words.values["stay"] === true,
      streams,
      stopAsked,
      supervise: (settings, onNote) => supervise(settingsFor(process.env, settings), onNote),
    }),
};

const commands: readonly Command[] = [
  start,
  demo,
  createPhoneCommand(startPhone),
  directory,
  ...createClientCommands(() => readConfig(process.env).client),
];

try {
  process.exitCode = await runCommand(commands, process.argv.slice(2), streams);
} catch (error) {
  const known = error instanceof ConfigError || error instanceof DirectoryFormError;
  streams.err(
    known || !(error instanceof Error)
      ? String(known ? (error as Error).message : error)
      : (error.stack ?? error.message),
  );
  process.exitCode = EXIT.failed;
}
// Whatever a library has left running must not keep a finished command alive.
process.exit();
