/** The program: commands in, exit codes out. A command loads what it needs when it is run, for most need little. */
import { createInterface } from "node:readline";
import { createAuditCommand } from "./adapters/cli/audit-commands.ts";
import { createClientCommands } from "./adapters/cli/client-commands.ts";
import { type Command, EXIT, runCommand, type Streams } from "./adapters/cli/command.ts";
import { createEraseCommand } from "./adapters/cli/erase-command.ts";
import { createKeysCommand } from "./adapters/cli/keys-command.ts";
import { createPhoneCommand } from "./adapters/cli/phone-command.ts";
import { createReplayCommand } from "./adapters/cli/replay-command.ts";
import { demoCommand } from "./compose/demo-command.ts";
import { directoryCommand } from "./compose/directory-command.ts";
import { holdCommand, resumeCommand } from "./compose/hold-commands.ts";
import { startCommand } from "./compose/start-command.ts";
import { topicsCommand } from "./compose/topics-command.ts";
import { readConfig } from "./config.ts";

// Whoever reads no further (`| head`) has what it wanted.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.failed),
);

const streams: Streams = {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
};

async function firstLine(): Promise<string | null> {
  const lines = createInterface({ input: process.stdin, terminal: false });
  for await (const line of lines) return line;
  return null;
}

async function auditDoor() {
  return (await import("./compose/audit.ts")).openAuditDoor(() => readConfig(process.env));
}

/** Their messages say what is wrong and who can mend it; a stack would bury that. */
const SPEAKING_ERRORS: ReadonlySet<string> = new Set([
  "ConfigError",
  "DirectoryFormError",
  "KafkaRefusalError",
  "KeyringUnavailableError",
  "LogDamagedError",
  "LogUnavailableError",
  "MasterKeyError",
  "NameTakenError",
  "NoHoldError",
  "RegistryRefusalError",
  "RegistryUnavailableError",
  "ServerTakenError",
  "SigningKeyError",
]);

const commands: readonly Command[] = [
  startCommand,
  demoCommand,
  topicsCommand,
  createPhoneCommand(async (...phone) => (await import("./compose-phone.ts")).startPhone(...phone)),
  directoryCommand,
  createEraseCommand(async () => {
    const { openErasure } = await import("./compose/erasure.ts");
    return openErasure(readConfig(process.env));
  }, firstLine),
  createKeysCommand(async () => (await import("./compose/erasure.ts")).openKeys(readConfig(process.env))),
  holdCommand,
  resumeCommand,
  createReplayCommand(auditDoor, firstLine),
  createAuditCommand(auditDoor, firstLine),
  ...createClientCommands(() => readConfig(process.env).client),
];

function wordsFor(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return SPEAKING_ERRORS.has(error.name) ? error.message : (error.stack ?? error.message);
}

try {
  process.exitCode = await runCommand(commands, process.argv.slice(2), streams);
} catch (error) {
  streams.err(wordsFor(error));
  process.exitCode = EXIT.failed;
}
// Whatever a library has left running must not keep a finished command alive.
process.exit();
