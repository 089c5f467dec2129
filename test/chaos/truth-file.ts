/** What was acknowledged, on disk before it is believed: one line each, the truth that the log is held to. */
import { type FileHandle, open } from "node:fs/promises";

export type TruthFile = {
  /** Resolves when the line is on disk. */
  add(line: object): Promise<void>;
  close(): Promise<void>;
};

export async function openTruthFile(path: string): Promise<TruthFile> {
  const file: FileHandle = await open(path, "a");
  return {
    async add(line) {
      await file.appendFile(`${JSON.stringify(line)}\n`);
      await file.datasync();
    },
    async close() {
      await file.close();
    },
  };
}
