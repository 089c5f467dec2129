/**
 * Appends large records until the disk is full ("full <error> <retryable>"), then tries again at each line it is
 * sent ("ack <n>" or "full …"): the log must go on by itself once there is space.
 */
import { createInterface } from "node:readline";
import { inputEntry } from "../../../../contract/event-log-entries.ts";
import { openChildLog, say } from "./child-log.ts";

const LARGE = "x".repeat(20_000);
const { log } = openChildLog();
let number = 0;

async function appendOne(): Promise<boolean> {
  const entry = inputEntry(number);
  try {
    const message = { ...entry.message, sender: LARGE } as typeof entry.message;
    await log.append("requests", [{ ...entry, message }]);
  } catch (error) {
    const retryable = error instanceof Error && "retryable" in error && error.retryable === true;
    say("full", error instanceof Error ? error.name : "?", String(retryable));
    return false;
  }
  say("ack", number);
  number += 1;
  return true;
}

while (await appendOne());
for await (const _ of createInterface({ input: process.stdin })) await appendOne();
await log.close();
