/** Appends threes of records for ever, several at a time; says "ack <n> <bytes of the WAL>" once each is durable. */
import { statSync } from "node:fs";
import { inputEntry } from "../../../../contract/event-log-entries.ts";
import { openChildLog, say } from "./child-log.ts";

const LANES = 4;
const { log, path } = openChildLog();
const [, , , , , first = "0"] = process.argv;
let number = Number(first);

async function lane(): Promise<never> {
  for (;;) {
    const mine = number;
    number += 1;
    await log.append(
      "requests",
      [0, 1, 2].map((part) => inputEntry(mine * 3 + part, (mine + part) % 8)),
    );
    say("ack", mine, statSync(`${path}-wal`).size);
  }
}

await Promise.all(Array.from({ length: LANES }, lane));
