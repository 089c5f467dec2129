/** Which events an auditor asks for: the options that `replay` and `audit export` share. */
import { parseCustomerKey, parseRequestId } from "../../domain/kernel/identifiers.ts";
import { type Instant, parseInstant } from "../../domain/kernel/time.ts";
import type { AuditSelection, OnProgress } from "../../domain/ports/audit.ts";
import type { AuditDoor, OpenedLog } from "./audit-door.ts";
import { type Command, flagOption, type Streams, textOption, UsageError, type Words } from "./command.ts";

export const SELECTION_OPTIONS = {
  request: { type: "string" },
  customer: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  all: { type: "boolean" },
} as const;

export const SELECTION_HELP: Command["help"] = [
  ["--request ID", "one Request"],
  [
    "--customer WHO",
    "everything of one Customer: a pseudonym of 32 digits, or - to read a number from standard input",
  ],
  ["--from TIME", "from this time on, e.g. 2026-11-21T09:00:00Z"],
  ["--to TIME", "before this time"],
  ["--all", "everything"],
];

/** The first line of standard input; null: there is none. */
export type ReadInput = () => Promise<string | null>;

/** Records read between two lines of progress. */
const PROGRESS_RECORDS = 100_000;

export function timeOption(words: Words, name: string): Instant | null {
  const text = textOption(words, name);
  if (text === null) return null;
  const at = parseInstant(text);
  if (at === null)
    throw new UsageError(`--${name} "${text}" is no time with its offset, e.g. 2026-11-21T09:00:00Z`);
  return at;
}

/** Whether the Customer was named by a number, which only the keyring can turn into a pseudonym. */
export function needsKeys(words: Words): boolean {
  return textOption(words, "customer") === "-";
}

/** Throws `UsageError` where nothing is selected: everything must be asked for by name. */
export async function readSelection(
  words: Words,
  log: Pick<OpenedLog, "customerOf">,
  readInput: ReadInput,
): Promise<AuditSelection> {
  const id = textOption(words, "request");
  const request = id === null ? null : parseRequestId(id);
  if (id !== null && request === null) throw new UsageError(`--request "${id}" is no id of a Request`);
  const customer = await readCustomer(textOption(words, "customer"), log, readInput);
  const selection = { request, customer, from: timeOption(words, "from"), to: timeOption(words, "to") };
  const isNarrowed = Object.values(selection).some((value) => value !== null);
  if (isNarrowed === flagOption(words, "all"))
    throw new UsageError("say what: --request, --customer, --from or --to, or else --all");
  return selection;
}

async function readCustomer(
  who: string | null,
  log: Pick<OpenedLog, "customerOf">,
  readInput: ReadInput,
): Promise<AuditSelection["customer"]> {
  if (who === null) return null;
  // A number on the command line would stand in every process list.
  const customer =
    who === "-" ? await log.customerOf(((await readInput()) ?? "").trim()) : parseCustomerKey(who);
  if (customer !== null) return customer;
  throw new UsageError(
    who === "-"
      ? "standard input holds no telephone number, e.g. +12125550123"
      : "--customer is no pseudonym of 32 digits; give - and the number on standard input",
  );
}

export function progressTo(streams: Streams): OnProgress {
  let told = 0;
  return ({ topic, partition, records }) => {
    const passed = Math.floor(records / PROGRESS_RECORDS);
    if (passed === 0) told = 0;
    if (passed <= told) return;
    told = passed;
    streams.err(`reveille: ${topic} ${partition}: ${records} records read`);
  };
}

/** Opens the log, asks, and closes it whatever comes. */
export async function withLog<Result>(
  door: Pick<AuditDoor, "openLog">,
  keys: boolean,
  ask: (log: OpenedLog) => Promise<Result>,
): Promise<Result> {
  const log = await door.openLog({ keys });
  try {
    return await ask(log);
  } finally {
    await log.close();
  }
}
