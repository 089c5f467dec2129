/** `reveille audit`: checks the log, writes exports that prove themselves, checks those, and makes the key. */
import type { ChainAnchor } from "../../domain/ports/audit.ts";
import type { AuditDoor, OpenDoor } from "./audit-door.ts";
import {
  needsKeys,
  progressTo,
  type ReadInput,
  readSelection,
  SELECTION_HELP,
  SELECTION_OPTIONS,
  withLog,
} from "./audit-selection.ts";
import { exportText, faultsOf, findingText, reportText } from "./audit-text.ts";
import {
  type Command,
  EXIT,
  flagOption,
  requireOption,
  type Streams,
  textOption,
  UsageError,
  type Words,
} from "./command.ts";
import { readExport, writeExport } from "./export-files.ts";

export function createAuditCommand(openDoor: OpenDoor, readInput: ReadInput): Command {
  async function verify(words: Words, streams: Streams): Promise<number> {
    const door = await openDoor();
    const file = textOption(words, "file");
    const publicKey = keyOf(words);
    const json = flagOption(words, "json");
    if (file !== null) {
      const report = await door.checkFile(readExport(file), { publicKey });
      streams.out(json ? JSON.stringify(report) : exportText(report));
      return faultsOf(report.findings) === 0 ? EXIT.ok : EXIT.failed;
    }
    const anchors = await anchorsOf(door, textOption(words, "against"), publicKey);
    return withLog(door, false, async ({ audit }) => {
      const reports = !flagOption(words, "without-reports");
      const report = await audit.verify({ anchors, reports, onProgress: progressTo(streams) });
      streams.out(json ? JSON.stringify(report) : reportText(report));
      return faultsOf(report.findings) + report.faultsLeftOut === 0 ? EXIT.ok : EXIT.failed;
    });
  }

  async function writeOut(words: Words, streams: Streams): Promise<number> {
    const path = requireOption(words, "out");
    const door = await openDoor();
    return withLog(door, needsKeys(words), async (log) => {
      const selection = await readSelection(words, log, readInput);
      await writeExport(path, log.audit.export(selection, progressTo(streams)));
      const report = await door.checkFile(readExport(path), { publicKey: null });
      streams.out(flagOption(words, "json") ? JSON.stringify(report) : exportText(report));
      return faultsOf(report.findings) === 0 ? EXIT.ok : EXIT.failed;
    });
  }

  async function makeKey(words: Words, streams: Streams): Promise<number> {
    const { path, publicKey, made } = (await openDoor()).makeKey();
    const how = made ? `made ${path}; keep a copy of it in a safe place` : `the key is ${path}`;
    streams.out(
      flagOption(words, "json")
        ? JSON.stringify({ path, publicKey, made })
        : `${how}\npublic key: ${publicKey}`,
    );
    return EXIT.ok;
  }

  return {
    name: "audit",
    usage: "audit (verify | export --out FILE | key) [--json]",
    summary: "Checks that the log is whole and untouched, and writes signed exports of it.",
    options: {
      ...SELECTION_OPTIONS,
      out: { type: "string" },
      file: { type: "string" },
      key: { type: "string" },
      against: { type: "string" },
      "without-reports": { type: "boolean" },
      json: { type: "boolean" },
    },
    help: [
      [
        "verify",
        "every record, number, cause and owner of the log, and the tables made of it; exit code 1 if any is wrong",
      ],
      ["  --against FILE", "the log must still be the one that this earlier export was made from"],
      ["  --without-reports", "leave the tables of the reports out"],
      ["  --file FILE", "check an export instead, on any machine; needs no log"],
      ["  --key HEX", "the public key that the export must be signed with"],
      ["export --out FILE", "a signed file of:"],
      ...SELECTION_HELP.map(([option, meaning]) => [`  ${option}`, meaning] as const),
      ["key", "makes the key that exports are signed with, once, and shows its public half"],
      ["--json", "answer as JSON"],
    ],
    positionals: { min: 1, max: 1 },
    async run(words, streams) {
      const [verb] = words.positionals;
      switch (verb) {
        case "verify":
          return verify(words, streams);
        case "export":
          return writeOut(words, streams);
        case "key":
          return makeKey(words, streams);
        default:
          throw new UsageError(`there is no "audit ${verb}"; say audit verify, audit export or audit key`);
      }
    },
  };
}

/** Throws `UsageError` where the earlier export is not sound itself: it would accuse the log falsely. */
async function anchorsOf(
  door: AuditDoor,
  path: string | null,
  publicKey: string | null,
): Promise<readonly ChainAnchor[]> {
  if (path === null) return [];
  const { anchors, findings } = await door.checkFile(readExport(path), { publicKey });
  const [first] = findings;
  if (first !== undefined && faultsOf(findings) > 0)
    throw new UsageError(`--against "${path}" is no sound export: ${findingText(first)}`);
  return anchors;
}

const KEY = /^[0-9a-f]{64}$/;

function keyOf(words: Words): string | null {
  const key = textOption(words, "key");
  if (key === null || KEY.test(key)) return key;
  throw new UsageError("--key is no public key; give its 64 hexadecimal digits");
}
