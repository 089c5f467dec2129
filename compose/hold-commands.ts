/** The operator's part of a hold: `reveille hold` and `reveille resume`, while the house runs or not. */
import { mkdirSync } from "node:fs";
import {
  type Command,
  EXIT,
  flagOption,
  textOption,
  UsageError,
  type Words,
} from "../adapters/cli/command.ts";
import { readConfig } from "../config.ts";
import { type Hold, type HoldChoice, isHeld } from "../domain/directory/hold.ts";
import { declareHold, heldRequests, liftHold, type RecoveryPorts, readHold } from "../services/recovery.ts";
import { openLog } from "./event-log.ts";
import { openOperatorLog, system } from "./system.ts";

async function withLog<T>(act: (ports: RecoveryPorts) => Promise<T>): Promise<T> {
  const operatorLog = openOperatorLog("warn");
  const config = readConfig(process.env);
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  const log = await openLog(config, "administration", operatorLog);
  try {
    return await act({ ...system, log, operatorLog });
  } finally {
    await log.close();
  }
}

async function describe({ log }: RecoveryPorts, hold: Hold | null, asJson: boolean): Promise<string> {
  const requests = hold !== null && isHeld(hold) ? await heldRequests(log, hold) : [];
  if (asJson) return JSON.stringify({ held: isHeld(hold), hold, requests });
  if (!isHeld(hold)) return "nothing is held";
  const lines = requests.map(
    ({ request, status, receivedAt }) => `  ${request}  ${status}, received ${timeText(receivedAt)}`,
  );
  return [
    `held since ${timeText(hold.at)} by ${hold.by}: ${hold.reason}`,
    `${requests.length} Requests wait for a decision; newer ones only for its being made`,
    ...lines,
    "decide: reveille resume --accept-repeat, or reveille resume --mark-unknown",
  ].join("\n");
}

const timeText = (at: number): string => new Date(at).toISOString();

export const holdCommand: Command = {
  name: "hold",
  usage: "hold [--declare REASON] [--json]",
  summary: "Shows whether calls are held, and which Requests wait; or holds them.",
  options: { declare: { type: "string" }, json: { type: "boolean" } },
  help: [
    ["--declare REASON", "take Requests, call nobody, until `reveille resume`"],
    ["--json", "answer as JSON"],
  ],
  positionals: { min: 0, max: 0 },
  run: (words, streams) =>
    withLog(async (ports) => {
      const reason = textOption(words, "declare");
      if (reason !== null) await declareHold(ports, "administration", reason);
      streams.out(await describe(ports, await readHold(ports.log), flagOption(words, "json")));
      return EXIT.ok;
    }),
};

function choiceOf(words: Words): HoldChoice {
  const repeat = flagOption(words, "accept-repeat");
  if (repeat === flagOption(words, "mark-unknown")) {
    throw new UsageError("give one of --accept-repeat and --mark-unknown: see docs/operations.md");
  }
  return repeat ? "accept-repeat" : "mark-unknown";
}

export const resumeCommand: Command = {
  name: "resume",
  usage: "resume --accept-repeat | --mark-unknown",
  summary: "Ends a hold, and decides what becomes of the Requests received before it.",
  options: { "accept-repeat": { type: "boolean" }, "mark-unknown": { type: "boolean" } },
  help: [
    ["--accept-repeat", "call them as if nothing had been: some Customers may be called a second time"],
    ["--mark-unknown", 'end them as failed with the outcome "unknown": some may never be called'],
  ],
  positionals: { min: 0, max: 0 },
  run(words, streams) {
    const choice = choiceOf(words);
    return withLog(async (ports) => {
      await liftHold(ports, choice);
      streams.out(`calls are placed again; Requests from before the hold: ${choice}`);
      return EXIT.ok;
    });
  },
};
