/**
 * Puts the roles together from a configuration: this file and those of compose/ are the only ones that know both
 * services and adapters. Each role is a process of its own; what they share is the log, nothing else. A process
 * loads the code of its own role alone: that is half of its start-up time, and most of its memory.
 */
import { openAdministration } from "./compose/administration.ts";
import { openHouse } from "./compose/house.ts";
import { type Observer, ROLES, type Role, type RoleName, type TellWaiting } from "./compose/role.ts";
import { openOperatorLog } from "./compose/system.ts";
import type { Config } from "./config.ts";
import type { OperatorLog } from "./domain/ports/operator-log.ts";

export { openAdministration, openHouse, openOperatorLog, ROLES, type RoleName };

export type RoleHooks = {
  /** Told what the role waits for before it is ready. */
  readonly tellWaiting?: TellWaiting;
  /** For trials: steps of running dialogs. */
  readonly observe?: Observer | undefined;
};

/** Starts one role in this process; resolves when it is ready. */
export async function startRole(
  name: RoleName,
  config: Config,
  operatorLog: OperatorLog,
  { tellWaiting, observe }: RoleHooks = {},
): Promise<Role> {
  switch (name) {
    case "gateway": {
      const { startGateway } = await import("./compose/gateway.ts");
      return startGateway(config, operatorLog, tellWaiting);
    }
    case "dispatcher": {
      const { startDispatcher } = await import("./compose/dispatcher.ts");
      return startDispatcher(config, operatorLog, tellWaiting);
    }
    case "telephony": {
      const { startTelephony } = await import("./compose/telephony.ts");
      return startTelephony(config, operatorLog, tellWaiting, observe);
    }
    case "reporting": {
      const { startReporting } = await import("./compose/reporting.ts");
      return startReporting(config, operatorLog, tellWaiting);
    }
    default:
      return name satisfies never;
  }
}
