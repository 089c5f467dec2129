/** Tells dispatchers how this server is doing: at each beat, and soon after each change (J01). */
import { unownedEnvelope } from "../../domain/kernel/envelope.ts";
import { slotOfName } from "../../domain/kernel/identifiers.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import type { Chance } from "../../domain/ports/chance.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { LoadReported } from "../../domain/server/load.ts";

/** Changes of load within this time go out as one report. */
const REPORT_GATHER_MS = 20;

export type LoadReporter = {
  /** The load has changed: a report goes out soon. */
  changed(): void;
  /** Reports now. */
  send(): void;
  stop(): void;
};

export type LoadReporterPorts = {
  readonly log: Pick<EventLog, "append">;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly operatorLog: OperatorLog;
};

export function createLoadReporter(report: () => LoadReported, ports: LoadReporterPorts): LoadReporter {
  const { log, clock, chance, operatorLog } = ports;
  let cancel: (() => void) | null = null;
  let stopped = false;

  function send(): void {
    cancel?.();
    cancel = null;
    const message = report();
    const { server, at: time } = message;
    const envelope = unownedEnvelope({
      id: chance.ulid(),
      source: `telephony/${server}`,
      subject: null,
      time,
      causationId: null,
    });
    // A report that does not get through is replaced by the next one; dispatchers see its absence.
    log
      .append("load", [{ key: server, slot: slotOfName(server), envelope, message }])
      .catch((error: unknown) => {
        operatorLog.warn("load report not written", { server, error });
      });
  }

  return {
    changed() {
      cancel ??= clock.schedule(milliseconds(REPORT_GATHER_MS), () => {
        cancel = null;
        if (!stopped) send();
      });
    },
    send,
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
