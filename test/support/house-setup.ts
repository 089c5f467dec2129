/** What every house that is set up for one test or one measurement begins with. */
import { join } from "node:path";
import { openAdministration } from "../../compose.ts";
import type { Config } from "../../config.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { DirectoryForm } from "../../services/directory-form.ts";
import { createFakeOperatorLog } from "./fake-operator-log.ts";

/** Data below `folder`, every role on a free port of this machine, and nothing said but what goes wrong. */
export function loopbackSettings(folder: string) {
  return {
    REVEILLE_DATA: join(folder, "data"),
    REVEILLE_DEVELOPMENT: "1",
    REVEILLE_LOG_LEVEL: "error",
    REVEILLE_HTTP: "127.0.0.1:0",
    REVEILLE_SMTP: "127.0.0.1:0",
    REVEILLE_REPORTS: "127.0.0.1:0",
    REVEILLE_SIP: "127.0.0.1:0",
  } as const;
}

/** Enters accounts and rules as an administrator would, from a process of its own. Resolves when they are in the log. */
export async function applyDirectory(
  config: Config,
  form: DirectoryForm,
  operatorLog: OperatorLog = createFakeOperatorLog(),
): Promise<void> {
  const administration = await openAdministration(config, operatorLog);
  try {
    await administration.apply(form);
  } finally {
    await administration.close();
  }
}
