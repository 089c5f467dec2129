/** The program of a schema registry (Apicurio), gathered by Maven once per machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The last that runs on Java 17. */
const APICURIO_VERSION = "3.0.9";
const ARTIFACT = `io.apicurio:apicurio-registry-app:${APICURIO_VERSION}:tar.gz:all`;

export const REGISTRY_FOLDER = join(homedir(), ".cache", "reveille", `apicurio-${APICURIO_VERSION}`);
export const REGISTRY_JAR = join(REGISTRY_FOLDER, `apicurio-registry-app-${APICURIO_VERSION}-runner.jar`);

export function hasRegistry(): boolean {
  return existsSync(REGISTRY_JAR);
}

/** Some 110 MB at the first call, nothing later. Throws where there is no Maven, or no way to its repository. */
export async function gatherRegistry(): Promise<void> {
  if (hasRegistry()) return;
  // Under another name until it is whole: an interrupted download must not count as there.
  const partial = `${REGISTRY_FOLDER}.${process.pid}`;
  const goal = ["dependency:unpack", `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${partial}`];
  mkdirSync(partial, { recursive: true });
  // Maven remembers in its working directory what it has unpacked, and does it only once: work in the new one.
  const maven = spawn("mvn", ["-q", "-B", ...goal], {
    cwd: partial,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = (await once(maven, "exit")) as [number | null];
  if (code !== 0) throw new Error(`mvn ended with ${code}; see above, then try again`);
  rmSync(REGISTRY_FOLDER, { recursive: true, force: true });
  renameSync(partial, REGISTRY_FOLDER);
}
