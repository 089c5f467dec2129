/** Secrets from files, as container platforms hand them over: `REVEILLE_KAFKA_PASSWORD_FILE=/run/secrets/kafka`. */
import { readFileSync } from "node:fs";
import type { Environment } from "./setting-reader.ts";

/** Each may be given as the path of a file that holds it, under its name with `_FILE` behind. */
const SECRETS: readonly string[] = [
  "REVEILLE_KAFKA_PASSWORD",
  "REVEILLE_KAFKA_REGISTRY",
  "REVEILLE_KAFKA_REGISTRY_TOKEN",
  "REVEILLE_ANALYTICS_PASSWORD",
  "REVEILLE_EVENTSTOREDB",
  "REVEILLE_REPORT_TOKEN",
  "REVEILLE_PASSWORD",
  "REVEILLE_API_KEY",
];

/** The environment with the files' contents in place of their paths. `problems` takes what can't be read. */
export function withSecretFiles(env: Environment, problems: string[]): Environment {
  const read: Record<string, string | undefined> = { ...env };
  for (const name of SECRETS) {
    const path = env[`${name}_FILE`];
    if (path === undefined) continue;
    delete read[`${name}_FILE`];
    if (path === "") continue;
    if ((env[name] ?? "") !== "")
      problems.push(`${name} is given twice, by itself and as a file; leave one out`);
    else read[name] = secretIn(path, `${name}_FILE`, problems);
  }
  return read;
}

/** Never tells what stands in it. A line's end that an editor has put behind the secret is not part of it. */
function secretIn(path: string, setting: string, problems: string[]): string {
  try {
    const secret = readFileSync(path, "utf8").replace(/\r?\n$/, "");
    if (secret === "") problems.push(`${setting} "${path}" is empty; write the secret into it`);
    return secret;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    problems.push(`${setting} "${path}" can't be read (${code}); give a file that this process may read`);
    return "";
  }
}
