/** Exports on the disk: whole or not at all, for their owner's eyes only, and never over one that is there. */
import { createReadStream, existsSync, rmSync } from "node:fs";
import { type FileHandle, link, open, rm } from "node:fs/promises";
import { UsageError } from "./command.ts";

const OWNER_ONLY = 0o600;
/** Characters gathered before they are written. */
const CHUNK_CHARACTERS = 262_144;

/** Resolves when the file is on the disk under its name. Throws `UsageError` where there is one already. */
export async function writeExport(path: string, lines: AsyncIterable<string>): Promise<void> {
  if (existsSync(path)) throw new UsageError(`--out "${path}" exists; name a file that does not`);
  const unfinished = `${path}.part`;
  rmSync(unfinished, { force: true });
  const file = await open(unfinished, "wx", OWNER_ONLY);
  try {
    await writeAll(file, lines);
    await file.sync();
    // Not a rename: that would replace a file which somebody has put there meanwhile.
    await link(unfinished, path);
  } finally {
    await file.close();
    await rm(unfinished, { force: true });
  }
}

async function writeAll(file: FileHandle, lines: AsyncIterable<string>): Promise<void> {
  let gathered = "";
  for await (const line of lines) {
    gathered += line;
    if (gathered.length < CHUNK_CHARACTERS) continue;
    await file.appendFile(gathered);
    gathered = "";
  }
  await file.appendFile(gathered);
}

/** Throws `UsageError` where there is no such file. */
export function readExport(path: string): AsyncIterable<Uint8Array> {
  if (!existsSync(path)) throw new UsageError(`there is no file "${path}"`);
  return createReadStream(path);
}
