import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { programPath } from "./installed.ts";

/** Where .ci/run makes an environment with the packages that tests ask for. */
const OWN = join(homedir(), ".cache", "reveille", "python", "bin", "python");

export type FoundPython = { readonly python: string } | { readonly missing: string };

/** A Python that has the package: the tests' own, or the machine's. A failure where TEST_REQUIRE names the package. */
export function pythonWith(name: string): FoundPython {
  for (const python of [OWN, programPath("python3")]) {
    if (python !== null && spawnSync(python, ["-c", `import ${name}`]).status === 0) return { python };
  }
  const missing = `no Python with ${name}: python3 -m venv ~/.cache/reveille/python, then its pip install ${name}`;
  if ((process.env["TEST_REQUIRE"] ?? "").split(",").includes(name)) {
    throw new Error(`${name} is required by TEST_REQUIRE, but there is ${missing}`);
  }
  return { missing };
}
