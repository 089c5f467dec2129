import { Worker } from "node:worker_threads";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import type { MaintenanceOptions } from "./maintenance.ts";
import type { MaintenanceNotice, MaintenanceStart } from "./maintenance-thread.ts";

export type Maintenance = { stop(): Promise<void> };

/** Starts the maintenance thread of this process. `onSyncFailure` must end the process. */
export function startMaintenance(
  options: MaintenanceOptions,
  operatorLog: OperatorLog,
  onSyncFailure: (error: unknown) => void,
): Maintenance {
  const workerData: MaintenanceStart = { role: "log-maintenance", ...options };
  const thread = new Worker(new URL("./maintenance-thread.ts", import.meta.url), { workerData });
  const exited = new Promise<void>((resolve) => {
    thread.once("exit", () => resolve());
  });
  thread.on("message", (notice: MaintenanceNotice) => {
    if (notice.kind === "sync-failure") onSyncFailure(new Error(notice.message));
    else operatorLog.warn(notice.what, notice.facts);
  });
  // Without it the log works on and its WAL grows: for the operator, not for the callers.
  thread.on("error", (error) =>
    operatorLog.error("log maintenance ended; start the process again", { error }),
  );
  thread.unref();
  return {
    async stop() {
      thread.ref();
      // A worker thread has no origin to name: the rule means windows.
      // oxlint-disable-next-line unicorn/require-post-message-target-origin
      thread.postMessage("stop");
      await exited;
    },
  };
}
