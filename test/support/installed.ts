import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "vitest";

/** Where a program is, or null. */
export function programPath(program: string): string | null {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/bin"]) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/**
 * The program, or a visible skip of the test that needs it. Where the environment names it as required
 * (`TEST_REQUIRE=sipp,baresip`), its absence is a failure instead.
 */
export function requireProgram(context: TestContext, program: string): string {
  const path = programPath(program);
  if (path !== null) return path;
  if ((process.env["TEST_REQUIRE"] ?? "").split(",").includes(program)) {
    throw new Error(`${program} is required by TEST_REQUIRE and not installed`);
  }
  return context.skip(`${program} is not installed on this machine`);
}
