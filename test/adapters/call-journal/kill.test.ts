import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { createFileJournal } from "../../../adapters/call-journal/file-journal.ts";
import { scratchDirectory } from "./scratch-directory.ts";

const WRITER = join(import.meta.dirname, "writer.ts");
const ROUNDS = 6;

/** Runs a writer until it has told of `count` durable entries, then kills it as nothing can be caught. */
async function killedAfter(path: string, round: number, count: number): Promise<readonly string[]> {
  const writer = spawn(process.execPath, [WRITER, path, String(round)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const told: string[] = [];
  const over = once(writer, "exit");
  for await (const line of createInterface({ input: writer.stdout })) {
    told.push(line);
    if (told.length === count) writer.kill("SIGKILL");
  }
  await over;
  return told;
}

test("I11 whatever kill -9 interrupts, each durable entry that was not removed is there again", async () => {
  const path = join(scratchDirectory(), "calls.journal");
  const kept: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const told = await killedAfter(path, round, 40 + 61 * round);
    expect(told.length).toBeGreaterThanOrEqual(40 + 61 * round);
    kept.push(...told.filter((key) => Number(key.split(".")[1]) % 10 === 0));
    const journal = createFileJournal({ path });
    const entries = journal.entries();
    expect(kept.filter((key) => entries.get(key)?.startsWith(`body of ${key} `) !== true)).toEqual([]);
    await journal.close();
  }
});
