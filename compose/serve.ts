/** One role in this process, or all of them in processes of their own. */
import { fileURLToPath } from "node:url";
import { EXIT } from "../adapters/cli/command.ts";
import type { NoteMessage, ReadyMessage, WaitingMessage } from "../adapters/process/role-messages.ts";
import { createSupervisor, type Supervisor } from "../adapters/process/supervisor.ts";
import { startRole } from "../compose.ts";
import { readConfig, settingsFor } from "../config.ts";
import { listenForStop } from "./asked-to-stop.ts";
import { openHealthPage } from "./health.ts";
import { type HowMany, type Instance, instancesOf } from "./instances.ts";
import type { Observer, RoleName } from "./role.ts";
import { openOperatorLog, system } from "./system.ts";

const ENTRY = fileURLToPath(new URL("../main.ts", import.meta.url));

function tellSupervisor(message: ReadyMessage | WaitingMessage | NoteMessage): void {
  process.send?.(message);
}

/** Until it is asked to stop. Answers the exit code. */
export async function serveRole(name: RoleName): Promise<number> {
  const config = readConfig(process.env);
  const operatorLog = openOperatorLog(config.logLevel);
  const observe: Observer = (request, step) => tellSupervisor({ type: "note", note: { request, step } });
  const tellWaiting = (what: string): void => {
    operatorLog.warn("waiting", { role: name, for: what });
    health.set({ status: "starting", role: name, for: what });
    tellSupervisor({ type: "waiting", what });
  };
  const stop = listenForStop();
  const health = await openHealthPage(config, { status: "starting", role: name });
  const hooks = { tellWaiting, ...(config.development ? { observe } : {}) };
  const role = await Promise.race([startRole(name, config, operatorLog, hooks), stop.asked]);
  if (typeof role === "string") {
    // Asked to stop before it was ready: nothing has been promised to anybody yet.
    operatorLog.info("role stops before it was ready", { role: name, why: role });
    return EXIT.failed;
  }
  tellSupervisor({ type: "ready", listens: role.listens });
  health.set(() => ({ ...role.figures?.(), status: "ready", role: name }));
  operatorLog.info("role ready", { role: name, ...role.listens });
  const why = await Promise.race([stop.asked, role.ended.then(() => "ended")]);
  operatorLog.info("role stops", { role: name, why });
  health.set({ status: "stopping", role: name });
  await Promise.race([role.drain(), stop.now]);
  await role.stop();
  await health.close();
  return EXIT.ok;
}

/** For processes of this program: each instance with the environment and its own settings. */
export function supervise(
  instances: readonly Instance[],
  environment: Readonly<Record<string, string>>,
  onNote?: (name: string, note: unknown) => void,
): Supervisor {
  return createSupervisor({
    entry: ENTRY,
    roles: instances.map(({ role, name, settings }) => ({
      role,
      name,
      // The page is this process's: there is one address, and they are many.
      env: { ...environment, ...settings, REVEILLE_HEALTH: "" },
    })),
    clock: system.clock,
    operatorLog: openOperatorLog("warn"),
    ...(onNote === undefined ? {} : { onNote }),
  });
}

/** Every role, supervised, until asked to stop. `tell` takes lines for the operator. Answers the exit code. */
export async function serveAll(howMany: HowMany, tell: (line: string) => void): Promise<number> {
  const config = readConfig(process.env);
  const instances = instancesOf(config, howMany);
  const stop = listenForStop();
  const names = instances.map(({ name }) => name);
  const health = await openHealthPage(config, { status: "starting", roles: names });
  const supervisor = supervise(instances, settingsFor(process.env, {}));
  tell(`reveille: starting ${names.join(", ")}`);
  const listens = await Promise.race([supervisor.start(), stop.asked]);
  if (typeof listens === "string") {
    await supervisor.stop();
    return EXIT.failed;
  }
  for (const [name, addresses] of listens) {
    for (const [door, address] of Object.entries(addresses))
      tell(`reveille: ${name} listens for ${door} on ${address}`);
  }
  health.set({ status: "ready", roles: names });
  tell("reveille: ready. Ctrl-C stops at once, SIGTERM lets calls come to their end.");
  await stop.asked;
  health.set({ status: "stopping", roles: names });
  await Promise.race([supervisor.drain(config.telephony.drainMs), stop.now]);
  await supervisor.stop();
  await health.close();
  return EXIT.ok;
}
