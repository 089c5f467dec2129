/** Answers what readers ask of the accounting: each report by its name, and any SELECT through the gate (N02–N04, N17). */
import { parseSenderId, type SenderId } from "../domain/kernel/identifiers.ts";
import { DAY_MS, type Instant, instant, milliseconds } from "../domain/kernel/time.ts";
import type { Analytics, Value } from "../domain/ports/analytics.ts";
import type { Clock } from "../domain/ports/clock.ts";
import {
  type ProjectionLag,
  type Reader,
  type Report,
  type ReportFilter,
  ReportFilterError,
  type Reports,
  type SqlGate,
} from "../domain/ports/reports.ts";
import type { ZoneClock } from "../domain/ports/zone-clock.ts";
import { CALL_ACCOUNTING } from "../projections/reports/call-accounting.ts";
import { MEDIA_QUALITY } from "../projections/reports/media-quality.ts";
import { OUTCOMES_REPORT } from "../projections/reports/outcomes.ts";
import { PORT_UTILISATION } from "../projections/reports/port-utilisation.ts";
import type { ReportDefinition } from "../projections/reports/report-definition.ts";

export type ReportingOptions = {
  /** With the right to read only. */
  readonly analytics: Analytics;
  readonly gate: SqlGate;
  readonly clock: Clock;
  readonly zones: ZoneClock;
  readonly lag: () => ProjectionLag;
};

/** Days of a report that names none, today included. */
export const DAYS_BY_DEFAULT = 31;
/** Days of a report at most: the table keeps no more. */
export const DAYS_MAX = 400;

const REPORTS: readonly ReportDefinition[] = [
  CALL_ACCOUNTING,
  OUTCOMES_REPORT,
  PORT_UTILISATION,
  MEDIA_QUALITY,
];

export function createReporting(options: ReportingOptions): Reports {
  const { analytics, gate, clock, zones, lag } = options;
  return {
    list: (reader) =>
      REPORTS.filter((report) => mayRead(report, reader)).map(({ name, title, describes }) => ({
        name,
        title,
        describes,
      })),
    run: async (name, asked, reader, signal) => {
      const report = REPORTS.find((known) => known.name === name);
      if (report === undefined || !mayRead(report, reader)) return null;
      const filter = requireFilter(asked, reader, { zones, now: clock.now() });
      const parameters = { ...filter, sender: filter.sender ?? "" };
      const { rows } = await analytics.query(report.select, {
        parameters,
        scope: scopeOf(reader),
        ...(signal === undefined ? {} : { signal }),
      });
      const { title, describes, columns, charts, select } = report;
      return {
        name,
        title,
        describes,
        charts,
        rows,
        filter,
        parameters,
        columns: columns.map((column) => ({
          name: column.name,
          title: column.title,
          meaning: column.meaning,
          unit: column.unit,
        })),
        totals: totalsOf(report, rows),
        sql: select,
        lag: lag(),
        madeAt: clock.now(),
      } satisfies Report;
    },
    ask: async (sql, reader, signal) => {
      const started = clock.monotonic();
      const answer = await gate.ask(sql, scopeOf(reader), signal);
      return { ...answer, elapsedMs: milliseconds(clock.monotonic() - started), lag: lag() };
    },
    lag,
  };
}

function mayRead(report: ReportDefinition, reader: Reader): boolean {
  return reader.kind === "receiver" || report.audience === "everyone";
}

/** The second wall behind the filter: the store itself shows a Sender nobody else's rows. */
function scopeOf(reader: Reader): SenderId | null {
  return reader.kind === "sender" ? reader.sender : null;
}

type Surroundings = { readonly zones: ZoneClock; readonly now: Instant };

function requireFilter(asked: ReportFilter, reader: Reader, { zones, now }: Surroundings): Report["filter"] {
  const zone = asked.zone ?? "UTC";
  if (!zones.isZone(zone))
    throw new ReportFilterError("zone", `tz "${clip(zone)}" is no time zone; give one such as Europe/Berlin`);
  const to = asked.to === null ? dayIn(zones, now, zone) : requireDay("to", asked.to);
  const from = asked.from === null ? daysBefore(to, DAYS_BY_DEFAULT - 1) : requireDay("from", asked.from);
  const length = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
  if (length < 1) throw new ReportFilterError("from", `from ${from} lies after to ${to}; swap them`);
  if (length > DAYS_MAX)
    throw new ReportFilterError("from", `${from} to ${to} are ${length} days; ask for ${DAYS_MAX} at most`);
  return { from, to, zone, sender: requireSender(asked.sender, reader) };
}

function requireSender(asked: string | null, reader: Reader): SenderId | null {
  if (reader.kind === "sender") {
    // Another's account looks the same as one that does not exist: there is nothing in it.
    if (asked !== null && asked !== "" && asked !== reader.sender)
      throw new ReportFilterError("sender", "sender is another account; leave it out to see your own");
    return reader.sender;
  }
  if (asked === null || asked === "") return null;
  const sender = parseSenderId(asked);
  if (sender === null)
    throw new ReportFilterError(
      "sender",
      `sender "${clip(asked)}" is no account name; use a-z, 0-9 and hyphens`,
    );
  return sender;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

function requireDay(field: "from" | "to", text: string): string {
  const at = DAY.test(text) ? Date.parse(text) : Number.NaN;
  // 30 February parses as a day of March: what does not come back the same was none.
  if (Number.isNaN(at) || isoDay(instant(at)) !== text)
    throw new ReportFilterError(field, `${field} "${clip(text)}" is no day; write it as 2026-11-30`);
  return text;
}

function dayIn(zones: ZoneClock, now: Instant, zone: string): string {
  const { year, month, day } = zones.localTime(now, zone);
  return isoDay(instant(Date.UTC(year, month - 1, day)));
}

function daysBefore(day: string, days: number): string {
  return isoDay(instant(Date.parse(day) - days * DAY_MS));
}

function isoDay(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}

function clip(text: string): string {
  return text.replace(/[^\w/+-]/g, "?").slice(0, 40);
}

function totalsOf(report: ReportDefinition, rows: readonly (readonly Value[])[]): (number | null)[] {
  return report.columns.map(({ summable }, at) =>
    summable ? rows.reduce((sum, row) => sum + Number(row[at] ?? 0), 0) : null,
  );
}
