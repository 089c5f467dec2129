/** A report as data: a SELECT over the public views with its columns explained. What reads it needs no code of its own. */
import type { ReportChart, ReportColumn, ReportSummary } from "../../domain/ports/reports.ts";

export type DefinedColumn = ReportColumn & {
  /** Whether a sum over the rows means anything. */
  readonly summable: boolean;
};

export type ReportDefinition = ReportSummary & {
  /** Reports of the house's own machines are not for Senders. */
  readonly audience: "everyone" | "receiver";
  readonly columns: readonly DefinedColumn[];
  readonly charts: readonly ReportChart[];
  /** May use {from:String}, {to:String} (days), {zone:String} and {sender:String} (empty: all). */
  readonly select: string;
};

/** Calls of the days asked for. Both bounds compare the plain column, so that partitions and keys are pruned. */
export const WITHIN_DAYS = `dispatched_at >= toDateTime64({from:String}, 3, {zone:String})
  AND dispatched_at < toDateTime64(addDays(toDate({to:String}), 1), 3, {zone:String})`;

export const OF_SENDER = `({sender:String} = '' OR sender = {sender:String})`;

export function counted(name: string, title: string, meaning: string): DefinedColumn {
  return { name, title, meaning, unit: "count", summable: true };
}

export const DAY_COLUMN: DefinedColumn = {
  name: "day",
  title: "Day",
  meaning: "Day on which the call was offered to a telephony server, in the zone of the report",
  unit: "day",
  summable: false,
};

export const SENDER_COLUMN: DefinedColumn = {
  name: "sender",
  title: "Sender",
  meaning: "Account that asked for the call",
  unit: "text",
  summable: false,
};
