/** A process that puts one entry after the other and says which are durable, until somebody kills it. */
import { writeSync } from "node:fs";
import { argv } from "node:process";
import { createFileJournal } from "../../../adapters/call-journal/file-journal.ts";

const [, , path = "", round = "0"] = argv;
const journal = createFileJournal({ path, limits: { compactFromBytes: 16_384 } });
for (let entry = 0; ; entry += 1) {
  const key = `${round}.${entry}`;
  await journal.put(key, `body of ${key} ${"x".repeat(entry % 300)}`);
  writeSync(1, `${key}\n`);
  // Most of it dies young, so that rewrites are hit by the kill too.
  if (entry % 10 !== 0) journal.remove(key);
}
