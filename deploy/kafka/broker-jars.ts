/** The jars of a broker, gathered by Maven once per machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** As in pom.xml. */
const KAFKA_VERSION = "4.3.0";
const POM = fileURLToPath(new URL("./pom.xml", import.meta.url));

export const JARS = join(homedir(), ".cache", "reveille", `kafka-${KAFKA_VERSION}`);

export function hasJars(): boolean {
  return existsSync(join(JARS, `kafka_2.13-${KAFKA_VERSION}.jar`));
}

/** Some 43 MB at the first call, nothing later. Throws where there is no Maven, or no way to its repository. */
export async function gatherJars(): Promise<void> {
  if (hasJars()) return;
  // Under another name until all are there: an interrupted download must not count as one.
  const partial = `${JARS}.${process.pid}`;
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${partial}`];
  const maven = spawn("mvn", ["-q", "-B", "-f", POM, ...goal], { stdio: ["ignore", "inherit", "inherit"] });
  const [code] = (await once(maven, "exit")) as [number | null];
  if (code !== 0) throw new Error(`mvn ended with ${code}; see above, then try again`);
  rmSync(JARS, { recursive: true, force: true });
  renameSync(partial, JARS);
}
