import { type Command, numberOption, textOption, UsageError, type Words } from "../adapters/cli/command.ts";
import { ROLES, type RoleName } from "./role.ts";

/** Of one role on one machine; more are started on more machines. */
const INSTANCES_MAX = 64;

function isRole(name: string): name is RoleName {
  return (ROLES as readonly string[]).includes(name);
}

function howMany(words: Words, option: string): number {
  const count = numberOption(words, option) ?? 1;
  if (Number.isInteger(count) && count >= 1 && count <= INSTANCES_MAX) return count;
  throw new UsageError(`--${option} ${count}: give a whole number from 1 to ${INSTANCES_MAX}`);
}

export const startCommand: Command = {
  name: "start",
  usage: "start [--role ROLE | --dispatchers N --telephony N]",
  summary: "Runs Reveille: every role on this machine, or one of many.",
  options: {
    role: { type: "string" },
    dispatchers: { type: "string" },
    telephony: { type: "string" },
  },
  help: [
    ["--role ROLE", `one of ${ROLES.join(", ")}; without it all of them, supervised`],
    ["--dispatchers N", "so many dispatchers, which share the partitions"],
    ["--telephony N", "so many telephony servers, each with a name, SIP port and media ports of its own"],
    ["", "Settings come from the environment (REVEILLE_…): see docs/operations.md."],
  ],
  positionals: { min: 0, max: 0 },
  async run(words, streams) {
    const role = textOption(words, "role");
    const counts = { dispatchers: howMany(words, "dispatchers"), telephony: howMany(words, "telephony") };
    const { serveAll, serveRole } = await import("./serve.ts");
    if (role === null) return serveAll(counts, streams.err);
    if (!isRole(role)) throw new UsageError(`there is no role "${role}"; give one of ${ROLES.join(", ")}`);
    if (words.values["dispatchers"] !== undefined || words.values["telephony"] !== undefined) {
      throw new UsageError(
        "--role runs one process; --dispatchers and --telephony are for all roles at once",
      );
    }
    return serveRole(role);
  },
};
