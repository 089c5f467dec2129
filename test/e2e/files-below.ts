import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LOOKS_MAX = 20;

/** Every file below `folder`, its bytes as they stand. The house is at work: a file renamed meanwhile is looked for anew. */
export function filesBelow(folder: string): readonly { readonly name: string; readonly bytes: Buffer }[] {
  for (let looks = 1; ; looks += 1) {
    try {
      return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name, parentPath }) => ({ name, bytes: readFileSync(join(parentPath, name)) }));
    } catch (error) {
      const isGone = error instanceof Error && "code" in error && error.code === "ENOENT";
      if (!isGone || looks >= LOOKS_MAX) throw error;
    }
  }
}
