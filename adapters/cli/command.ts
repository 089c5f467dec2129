/** The shape of a command of the program, and how its words are read. */
import { type ParseArgsConfig, parseArgs } from "node:util";

export const EXIT = {
  ok: 0,
  /** It was tried and failed: refused, unreachable, not found. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
} as const;

export type Words = {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
};

/** Where a command writes: results to `out`, everything else to `err`. */
export type Streams = { readonly out: (text: string) => void; readonly err: (text: string) => void };

export type Command = {
  readonly name: string;
  /** e.g. "send --to NUMBER --document URL". */
  readonly usage: string;
  readonly summary: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  /** What each option means, in the order of the help text. */
  readonly help: readonly (readonly [string, string])[];
  readonly positionals: { readonly min: number; readonly max: number };
  run(words: Words, streams: Streams): Promise<number>;
};

export class UsageError extends Error {
  override readonly name = "UsageError";
}

function helpOf(command: Command): string {
  const width = Math.max(...command.help.map(([option]) => option.length), 0);
  const lines = command.help.map(([option, meaning]) => `  ${option.padEnd(width)}  ${meaning}`);
  return [`Usage: reveille ${command.usage}`, "", command.summary, "", ...lines].join("\n").trimEnd();
}

/** Reads the words after the command's name. Throws `UsageError` with what is wrong. */
function readWords(command: Command, args: readonly string[]): Words {
  const { min, max } = command.positionals;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...command.options, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
      strict: true,
    });
    const given = positionals.length;
    if (values["help"] !== true && (given < min || given > max)) {
      throw new UsageError(`takes ${min === max ? min : `${min} to ${max}`} argument(s), found ${given}`);
    }
    return { values, positionals };
  } catch (error) {
    throw error instanceof UsageError
      ? error
      : new UsageError(error instanceof Error ? error.message : String(error));
  }
}

export function textOption(words: Words, name: string): string | null {
  const value = words.values[name];
  return typeof value === "string" ? value : null;
}

export function requireOption(words: Words, name: string): string {
  const value = textOption(words, name);
  if (value === null) throw new UsageError(`--${name} is missing`);
  return value;
}

export function numberOption(words: Words, name: string): number | null {
  const value = textOption(words, name);
  if (value === null) return null;
  const number = Number(value);
  // An empty word would be 0: what a script's unset variable leaves.
  if (value.trim() === "" || !Number.isFinite(number) || number < 0)
    throw new UsageError(`--${name} "${value}" is no number of 0 or more`);
  return number;
}

export function flagOption(words: Words, name: string): boolean {
  return words.values[name] === true;
}

/** Runs the command that the words name. Answers the exit code. */
export async function runCommand(
  commands: readonly Command[],
  args: readonly string[],
  streams: Streams,
): Promise<number> {
  const [name, ...rest] = args;
  const command = commands.find((known) => known.name === name);
  if (command === undefined) {
    const width = Math.max(...commands.map((known) => known.name.length));
    const list = commands.map((known) => `  ${known.name.padEnd(width)}  ${known.summary}`).join("\n");
    const overview = `Usage: reveille COMMAND [--help]\n\n${list}\n\nExit codes: 0 done, 1 tried and failed, 2 wrong command line.`;
    const asked = name === undefined || name === "--help" || name === "-h" || name === "help";
    (asked ? streams.out : streams.err)(
      asked ? overview : `reveille: there is no command "${name}"\n\n${overview}`,
    );
    return asked ? EXIT.ok : EXIT.usage;
  }
  try {
    const words = readWords(command, rest);
    if (flagOption(words, "help")) {
      streams.out(helpOf(command));
      return EXIT.ok;
    }
    return await command.run(words, streams);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    streams.err(`reveille ${command.name}: ${error.message}\n\n${helpOf(command)}`);
    return EXIT.usage;
  }
}
