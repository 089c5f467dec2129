/** The auditor's questions, answered over a log that is only read. */
import type { Sealed } from "../../domain/kernel/sealed.ts";
import { DAY_MS, instant } from "../../domain/kernel/time.ts";
import { defaultReceiverRules } from "../../domain/policy/default-rules.ts";
import type { Audit } from "../../domain/ports/audit.ts";
import { type EventLog, LogDamagedError } from "../../domain/ports/event-log.ts";
import { type ExportPorts, exportLog } from "./export-log.ts";
import { readHistory } from "./history.ts";
import { readMoment } from "./moment.ts";
import { openEvent } from "./open-event.ts";
import type { AskTables } from "./report-check.ts";
import { damage, verifyLog } from "./verify-log.ts";

export type AuditPorts = Omit<ExportPorts, "log" | "signer"> & {
  readonly log: Pick<EventLog, "read" | "partitionCount">;
  /** Called when something is to be signed. Throws where there is no key. */
  readonly signer: () => ExportPorts["signer"];
  readonly askTables: AskTables;
  /** What is wrong with that which holds the log, a line each; empty: nothing, or nobody here can tell. */
  readonly storageDamage: () => readonly string[];
  /** Null when the key is gone; rejects where this process was not given the keys. */
  readonly open: (sealed: Sealed) => Promise<string | null>;
};

export type AuditOptions = {
  /** Whether the log leaves no offset out, and whether its first records may be gone by retention. */
  readonly contiguous: boolean;
  readonly expires: boolean;
  /** Rows of the reports older than this may have gone. */
  readonly reportDays: number;
};

export function createAudit(options: AuditOptions, ports: AuditPorts): Audit {
  const { log, digests, clock } = ports;
  return {
    async verify({ anchors, reports, onProgress }) {
      const now = clock.now();
      const askTables = reports ? ports.askTables : null;
      const damaged = ports.storageDamage().map(damage);
      const report = await verifyLog(
        { log, digests, askTables },
        {
          contiguous: options.contiguous,
          expires: options.expires,
          anchors,
          callsForgottenMs: await shortestVolumePeriod(log),
          // A day less: rows go when the engine gets to it, and this clock need not be that one.
          reportsSince: Math.max(0, now - (options.reportDays - 1) * DAY_MS),
          onProgress,
        },
      );
      return { ...report, findings: [...damaged, ...report.findings] };
    },
    history: (selection, onProgress) => readHistory(log, selection, onProgress),
    moment: (selection, at, onProgress) => readMoment(log, { selection, at, onProgress }),
    export: (selection, onProgress) => exportLog({ ...ports, signer: ports.signer() }, selection, onProgress),
    opened: (event) => openEvent(event, ports.open),
  };
}

/** After so long an owner may forget a Customer's calls; the shortest of all rules that the directory still has. */
async function shortestVolumePeriod(log: AuditPorts["log"]): Promise<number> {
  let shortest: number = defaultReceiverRules(instant(0)).volumePeriodMs;
  try {
    for await (const records of log.read("directory", 0)) {
      for (const record of records) {
        if (record.ok && record.message?.type === "ReceiverRulesSet")
          shortest = Math.min(shortest, record.message.volumePeriodMs);
      }
    }
  } catch (error) {
    // The check itself will say that it can't be read.
    if (!(error instanceof LogDamagedError)) throw error;
  }
  return shortest;
}
