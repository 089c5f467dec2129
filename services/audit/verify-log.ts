/** Checks a log from its first record to its last, one partition after the other, with every check at once. */
import { type Finding, severityOf } from "../../domain/audit/finding.ts";
import type {
  AuditReport,
  ChainAnchor,
  OnProgress,
  PartitionFigures,
  ReportFigures,
} from "../../domain/ports/audit.ts";
import type { Digests } from "../../domain/ports/digests.ts";
import {
  type Delivered,
  type EventLog,
  LogDamagedError,
  type TopicName,
} from "../../domain/ports/event-log.ts";
import { createAnchorCheck } from "./anchor-check.ts";
import { createCauseCheck } from "./cause-check.ts";
import { createChainCheck } from "./chain-check.ts";
import { createOwnerCheck } from "./owner-check.ts";
import { readOwnerMemory } from "./owner-memory.ts";
import { type AskTables, askTableSums, createReportCheck, type TableSums } from "./report-check.ts";
import { createSequenceCheck } from "./sequence-check.ts";
import { createStateCheck } from "./state-check.ts";

/** Findings kept; further ones are counted. */
export const FINDINGS_MAX = 1_000;

export type VerifyPorts = {
  readonly log: Pick<EventLog, "read" | "partitionCount">;
  readonly digests: Pick<Digests, "sha256">;
  /** Null: the reports are not to be compared. */
  readonly askTables: AskTables | null;
};

export type VerifyOptions = {
  /** What kind of log it is: whether it leaves no offset out, and whether its first records may go. */
  readonly contiguous: boolean;
  readonly expires: boolean;
  readonly anchors: readonly ChainAnchor[];
  /** The owner may forget a Customer whose calls are older than this. */
  readonly callsForgottenMs: number;
  /** Rows of reports from before this instant, in milliseconds, may have gone. */
  readonly reportsSince: number;
  readonly onProgress: OnProgress;
};

type Partition = { readonly figures: PartitionFigures; readonly reports: ReportFigures | null };
type Found = (findings: readonly Finding[]) => void;

/** Throws `LogUnavailableError`; what is wrong with the log is in the answer. */
export async function verifyLog(ports: VerifyPorts, options: VerifyOptions): Promise<AuditReport> {
  const kept: Finding[] = [];
  let faultsLeftOut = 0;
  let reports: ReportFigures | null = ports.askTables === null ? null : { events: 0, calls: 0, requests: 0 };
  const found: Found = (findings) => {
    for (const finding of findings) {
      if (kept.length < FINDINGS_MAX) kept.push(finding);
      else if (severityOf(finding) === "fault") faultsLeftOut += 1;
    }
  };
  for (const topic of WRITTEN_BY_US) await readOut(ports.log, topic, found);
  const count = ports.log.partitionCount("events");
  const tables = await tableSums(count, ports, options.reportsSince, found);
  const partitions: PartitionFigures[] = [];
  for (let partition = 0; partition < count; partition += 1) {
    const course = { ports, options, found };
    await unlessDamaged(found, async () => {
      const checked = await verifyPartition(partition, tables[partition] ?? null, course);
      partitions.push(checked.figures);
      reports = reports === null || checked.reports === null ? reports : sumOf(reports, checked.reports);
    });
  }
  return { partitions, findings: kept, faultsLeftOut, reports };
}

/** Topics that hold nothing but what the house itself wrote, and that no check below reads for its own sake. */
const WRITTEN_BY_US = ["directory", "keys", "state"] as const;

/** Every record of a topic must be one that can be read. */
async function readOut(log: VerifyPorts["log"], topic: TopicName, found: Found): Promise<void> {
  for (let partition = 0; partition < log.partitionCount(topic); partition += 1) {
    await unlessDamaged(found, async () => {
      for await (const records of log.read(topic, partition)) {
        for (const record of records) if (!record.ok) found([unreadable(record)]);
      }
    });
  }
}

function unreadable({ topic, partition, offset, reason }: Delivered<TopicName> & { ok: false }): Finding {
  return { code: "unreadable", place: { topic, partition, offset }, request: null, detail: reason };
}

/** What lies on a damaged page is a finding; what lies elsewhere is checked all the same. */
async function unlessDamaged(found: Found, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof LogDamagedError)) throw error;
    found([damage(error.message)]);
  }
}

/** Of that which holds the log. */
export function damage(detail: string): Finding {
  return { code: "storage-damaged", place: null, request: null, detail };
}

function sumOf(one: ReportFigures, other: ReportFigures): ReportFigures {
  return {
    events: one.events + other.events,
    calls: one.calls + other.calls,
    requests: one.requests + other.requests,
  };
}

type Course = { readonly ports: VerifyPorts; readonly options: VerifyOptions; readonly found: Found };

/** What is derived is read before what it is derived from: then the events hold all that it can know. */
async function verifyPartition(
  partition: number,
  said: TableSums | null,
  { ports, options, found }: Course,
): Promise<Partition> {
  const { log, digests } = ports;
  const { onProgress, expires, contiguous } = options;
  const tables =
    said === null ? null : createReportCheck(partition, said, { digests, since: options.reportsSince });
  const memory = await readOwnerMemory(log, partition);
  const chain = createChainCheck({ contiguous, expires }, digests);
  const anchors = createAnchorCheck(partition, options.anchors, expires);
  const sequences = createSequenceCheck(digests);
  const owners = createOwnerCheck();
  const state = createStateCheck(partition, memory, options.callsForgottenMs);
  const causes = createCauseCheck(partition, memory.handledUpTo);
  let events = 0;
  for await (const records of log.read("events", partition, { proofs: true })) {
    for (const record of records) {
      found(chain.take(record));
      found(anchors.take(record));
      found(sequences.take(record));
      found(owners.take(record));
      state.take(record);
      causes.cite(record);
    }
    tables?.take(records);
    events += records.length;
    onProgress({ topic: "events", partition, records: events });
  }
  found([...anchors.missed(), ...state.findings(), ...(tables?.findings() ?? [])]);
  let inputs = 0;
  for await (const records of log.read("requests", partition)) {
    for (const record of records) found(causes.take(record));
    inputs += records.length;
    onProgress({ topic: "requests", partition, records: inputs });
  }
  found(causes.waiting());
  const head = chain.head();
  return {
    figures: {
      partition,
      events,
      linked: chain.linked(),
      requests: sequences.requests(),
      owners: owners.owners(),
      causes: causes.cited(),
      remembered: state.compared(),
      notJudged: sequences.notJudged(),
      anchor: head === null ? null : { partition, ...head },
    },
    reports: tables?.figures() ?? null,
  };
}

/** Empty where the tables are not to be asked, or could not be. */
async function tableSums(
  partitions: number,
  { askTables }: VerifyPorts,
  since: number,
  found: Found,
): Promise<readonly TableSums[]> {
  if (askTables === null) return [];
  try {
    return await askTableSums(partitions, askTables, since);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    found([{ code: "reports-unchecked", place: null, request: null, detail }]);
    return [];
  }
}
