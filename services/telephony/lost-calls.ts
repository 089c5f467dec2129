/** What an earlier run of this server left in the journal: it is told before anything new begins (I13). */
import { type OfferId, requestOfOffer } from "../../domain/kernel/identifiers.ts";
import type { CallJournal } from "../../domain/ports/call-journal.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { Facts } from "./facts.ts";
import type { GrantedCalls } from "./granted-calls.ts";
import type { IncomingCalls } from "./incoming-calls.ts";
import { parseJournalRecord } from "./journal-record.ts";

export type LostCallsPorts = {
  readonly journal: Pick<CallJournal, "entries">;
  readonly facts: Pick<Facts, "callLost">;
  readonly granted: Pick<GrantedCalls, "finish" | "remember">;
  readonly incoming: Pick<IncomingCalls, "endLost">;
  readonly operatorLog: OperatorLog;
};

/** Resolves when every call that was open when the process died is `CallLost` in the log. */
export async function reportLostCalls(ports: LostCallsPorts): Promise<void> {
  const { journal, facts, granted, incoming, operatorLog } = ports;
  const reports: Promise<void>[] = [];
  for (const [key, body] of journal.entries()) {
    const record = parseJournalRecord(body);
    const offer = key as OfferId;
    if (record === null) {
      operatorLog.error("journal entry is not readable", { offer });
      continue;
    }
    if (record.state === "read") continue;
    if (record.state === "inbound") {
      incoming.endLost(record);
      continue;
    }
    // From now, not from its own time: the clock may have been stepped since, and longer is harmless.
    granted.remember(offer);
    if (record.state === "done") continue;
    const { requestId, customer, phase, factSeq } = record;
    operatorLog.warn("a call was lost in a crash", { request: requestOfOffer(offer), phase });
    const report = facts.callLost({ offer, requestId, customer }, { phase, how: "journal" }, factSeq);
    reports.push(report.then(() => granted.finish(offer)));
  }
  await Promise.all(reports);
}
