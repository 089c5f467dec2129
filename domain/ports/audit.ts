/** Driving port: what an auditor may ask of the log. Everything is answered from the log alone. */
import type { ExportHeader } from "../audit/export-file.ts";
import type { Finding } from "../audit/finding.ts";
import type { CustomerKey, OfferId, RequestId, SenderId, ServerId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";
import type { Verdict } from "../policy/verdict.ts";
import type { RequestEvent } from "../request/events.ts";
import type { Delivered } from "./event-log.ts";
import type { AttemptStatus, RequestStatus } from "./queries.ts";

/** Which events; what is null does not restrict. */
export type AuditSelection = {
  readonly request: RequestId | null;
  readonly customer: CustomerKey | null;
  /** By the time of the event: from inclusive, to exclusive. */
  readonly from: Instant | null;
  readonly to: Instant | null;
};

/** Told now and then while something long is read. */
export type OnProgress = (progress: {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
}) => void;

/** Where the chain of a partition stood: whoever keeps it can prove later that nothing before it was changed. */
export type ChainAnchor = { readonly partition: number; readonly offset: number; readonly link: string };

/** Everything that was looked at, and all that was found; nothing found is a proof only of what was looked at. */
export type AuditReport = {
  readonly partitions: readonly PartitionFigures[];
  readonly findings: readonly Finding[];
  /** Faults beyond the limit, counted and left out. */
  readonly faultsLeftOut: number;
  readonly reports: ReportFigures | null;
};

export type PartitionFigures = {
  readonly partition: number;
  readonly events: number;
  /** Of these, vouched for by a link. */
  readonly linked: number;
  readonly requests: number;
  readonly owners: number;
  readonly causes: number;
  /** Records of `state` that were held against the events. */
  readonly remembered: number;
  /** Events of Requests whose beginning is gone, which nobody can judge. */
  readonly notJudged: number;
  readonly anchor: ChainAnchor | null;
};

/** Rows of the report tables that were held against the log. */
export type ReportFigures = { readonly events: number; readonly calls: number; readonly requests: number };

/** What is in an export, and all that was found wrong with it. */
export type ExportReport = {
  /** Null: the file has none. */
  readonly header: ExportHeader | null;
  /** The public key in the file: whose it is, the file can't say. */
  readonly signedBy: string | null;
  readonly records: number;
  readonly requests: number;
  /** Where the chains stood: to be held against the log later. */
  readonly anchors: readonly ChainAnchor[];
  readonly findings: readonly Finding[];
};

/** How things stood at a moment. */
export type Moment = {
  readonly at: Instant;
  /** Requests by status; those that were over are counted too. */
  readonly counts: Readonly<Record<string, number>>;
  /** What was open, and what was asked for by its id; oldest receipt first within a partition. */
  readonly requests: readonly OpenRequestThen[];
  readonly leftOut: number;
  /** By which rules the newest check before that moment was made. */
  readonly rules: readonly RuleThen[];
};

export type OpenRequestThen = {
  readonly request: RequestId;
  readonly customer: CustomerKey;
  readonly sender: SenderId;
  readonly status: RequestStatus["status"];
  readonly seq: number;
  /** Its newest event. */
  readonly since: Instant;
  readonly dueAt: Instant | null;
  readonly outcome: string | null;
  readonly calls: readonly AttemptStatus[];
  /** The telephony server that had it on offer or in a call, and under which offer. */
  readonly server: ServerId | null;
  readonly offer: OfferId | null;
  readonly rules: readonly RuleThen[];
};

/** A rule in force: which check, who set it, its name with its version, and what it said. */
export type RuleThen = Pick<Verdict, "check" | "setBy" | "rule" | "says">;

export interface Audit {
  /** Checks the whole log, and with `reports` the tables that were made of it. */
  verify(options: {
    /** Earlier exports of this house: the log must still be the one they were made from. */
    readonly anchors: readonly ChainAnchor[];
    readonly reports: boolean;
    readonly onProgress: OnProgress;
  }): Promise<AuditReport>;
  /** Events in the order in which the log took them, all partitions together. */
  history(selection: AuditSelection, onProgress: OnProgress): AsyncIterable<Delivered<"events">>;
  /** The fold of what was selected at an instant; a span in the selection is not looked at. */
  moment(selection: AuditSelection, at: Instant, onProgress: OnProgress): Promise<Moment>;
  /** A signed file, line by line, each with its line feed. */
  export(selection: AuditSelection, onProgress: OnProgress): AsyncIterable<string>;
  /** The event with its personal fields in clear, as far as their keys are there. */
  opened(event: RequestEvent): Promise<RequestEvent>;
}
