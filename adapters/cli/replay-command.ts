/** `reveille replay`: what happened, straight from the log or from an export, and how things stood at a moment. */
import type { Delivered } from "../../domain/ports/event-log.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { OpenDoor, OpenedLog } from "./audit-door.ts";
import {
  needsKeys,
  progressTo,
  type ReadInput,
  readSelection,
  SELECTION_HELP,
  SELECTION_OPTIONS,
  timeOption,
  withLog,
} from "./audit-selection.ts";
import { faultsOf, findingText, momentText } from "./audit-text.ts";
import {
  type Command,
  EXIT,
  flagOption,
  type Streams,
  textOption,
  UsageError,
  type Words,
} from "./command.ts";
import { readExport } from "./export-files.ts";
import { replayJson, replayLine } from "./replay-line.ts";

type Show = (record: Delivered<"events">, event: RequestEvent | null) => string;

export function createReplayCommand(openDoor: OpenDoor, readInput: ReadInput): Command {
  async function replayLog(words: Words, streams: Streams): Promise<number> {
    const open = flagOption(words, "open");
    const door = await openDoor();
    return withLog(door, open || needsKeys(words), async (log) => {
      const selection = await readSelection(words, log, readInput);
      const at = timeOption(words, "at");
      if (at !== null) {
        const moment = await log.audit.moment(selection, at, progressTo(streams));
        streams.out(flagOption(words, "json") ? JSON.stringify(moment) : momentText(moment));
        return EXIT.ok;
      }
      const show = showOf(words);
      for await (const record of log.audit.history(selection, progressTo(streams)))
        streams.out(show(record, await eventOf(record, open ? log : null)));
      return EXIT.ok;
    });
  }

  /** Nothing of a file is shown before all of it was found to be sound. */
  async function replayFile(path: string, words: Words, streams: Streams): Promise<number> {
    const publicKey = textOption(words, "key");
    const door = await openDoor();
    const { findings } = await door.checkFile(readExport(path), { publicKey });
    if (faultsOf(findings) > 0) {
      for (const finding of findings) streams.err(findingText(finding));
      streams.err("reveille: the file is not as it was signed; nothing of it is shown");
      return EXIT.failed;
    }
    const show = showOf(words);
    const onRecord = (record: Delivered<"events">): void =>
      streams.out(show(record, record.ok ? record.message : null));
    await door.checkFile(readExport(path), { publicKey, onRecord });
    return EXIT.ok;
  }

  return {
    name: "replay",
    usage: "replay (--request ID | --customer WHO | --from TIME | --to TIME | --all) [--at TIME] [--json]",
    summary: "Tells from the log itself what happened, event by event, or how things stood at a moment.",
    options: {
      ...SELECTION_OPTIONS,
      at: { type: "string" },
      file: { type: "string" },
      key: { type: "string" },
      open: { type: "boolean" },
      json: { type: "boolean" },
    },
    help: [
      ...SELECTION_HELP,
      ["--at TIME", "not the events, but how things stood then: what was open, where, by which rules"],
      ["--file FILE", "from an export, which is checked first; everything that it holds"],
      ["--key HEX", "the public key that the export must be signed with"],
      ["--open", "personal fields in clear, with the keyring of this house"],
      ["--json", "one event per line as JSON"],
    ],
    positionals: { min: 0, max: 0 },
    async run(words, streams) {
      const file = textOption(words, "file");
      if (file === null) return replayLog(words, streams);
      if (Object.keys(SELECTION_OPTIONS).some((name) => words.values[name] !== undefined))
        throw new UsageError("--file shows everything that the file holds; leave the selection out");
      return replayFile(file, words, streams);
    },
  };
}

function showOf(words: Words): Show {
  return flagOption(words, "json") ? replayJson : replayLine;
}

async function eventOf(record: Delivered<"events">, log: OpenedLog | null): Promise<RequestEvent | null> {
  if (!record.ok || record.message === null) return null;
  return log === null ? record.message : log.audit.opened(record.message);
}
