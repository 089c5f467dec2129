/** What an audit found, for people. */
import type { ExportHeader } from "../../domain/audit/export-file.ts";
import { FINDINGS, type Finding, severityOf } from "../../domain/audit/finding.ts";
import { formatInstant } from "../../domain/kernel/time.ts";
import type {
  AuditReport,
  ExportReport,
  Moment,
  OpenRequestThen,
  PartitionFigures,
} from "../../domain/ports/audit.ts";

export function faultsOf(findings: readonly Finding[]): number {
  return findings.filter((finding) => severityOf(finding) === "fault").length;
}

const COLUMNS: readonly (readonly [string, (figures: PartitionFigures) => number])[] = [
  ["partition", ({ partition }) => partition],
  ["events", ({ events }) => events],
  ["linked", ({ linked }) => linked],
  ["Requests", ({ requests }) => requests],
  ["owners", ({ owners }) => owners],
  ["causes", ({ causes }) => causes],
  ["remembered", ({ remembered }) => remembered],
  ["not judged", ({ notJudged }) => notJudged],
];

export function reportText({ partitions, findings, faultsLeftOut, reports }: AuditReport): string {
  const table = [
    COLUMNS.map(([name]) => name).join("  "),
    ...partitions.map((figures) =>
      COLUMNS.map(([name, valueOf]) => String(valueOf(figures)).padStart(name.length)).join("  "),
    ),
  ];
  const compared =
    reports === null
      ? "The tables of the reports were not compared."
      : `Compared with the tables of the reports: ${reports.events} events, ${reports.calls} calls, ${reports.requests} Requests.`;
  const more = faultsLeftOut === 0 ? [] : [`… and ${faultsLeftOut} more faults`];
  return [
    ...table,
    compared,
    ...findings.map(findingText),
    ...more,
    verdictText(findings, faultsLeftOut),
  ].join("\n");
}

export function exportText({ header, signedBy, records, requests, findings }: ExportReport): string {
  const what = header === null ? [] : [headerText(header)];
  const signed =
    signedBy === null
      ? "It is not signed."
      : `Signed by ${signedBy}; whose key that is, only its owner can tell.`;
  return [
    ...what,
    `${records} records of ${requests} ${requests === 1 ? "Request" : "Requests"}.`,
    signed,
    ...findings.map(findingText),
    verdictText(findings, 0),
  ].join("\n");
}

function headerText({ madeAt, selection, ranges }: ExportHeader): string {
  const asked = Object.entries(selection).map(([name, value]) => `${name} ${value}`);
  const stretches = ranges.map(
    ({ partition, first, last, leftOut }) => `${partition}:${first}–${last} (${leftOut} left out)`,
  );
  return `Made at ${madeAt} of ${asked.join(", ")}: ${stretches.join(", ") || "nothing"}.`;
}

export function findingText(finding: Finding): string {
  const { code, place, request, detail } = finding;
  const where = place === null ? "" : ` ${place.topic} ${place.partition}:${place.offset}`;
  const about = request === null ? "" : ` ${request}`;
  return `${severityOf(finding)} ${code}${where}${about}: ${detail}\n      ${FINDINGS[code].means}`;
}

function verdictText(findings: readonly Finding[], more: number): string {
  const faults = faultsOf(findings) + more;
  const notes = findings.length - faultsOf(findings);
  if (faults === 0) return notes === 0 ? "No fault found." : `No fault found, ${notes} to note.`;
  return `${faults} ${faults === 1 ? "fault" : "faults"} found, ${notes} to note.`;
}

export function momentText({ at, counts, requests, leftOut, rules }: Moment): string {
  const counted = Object.entries(counts).map(([status, count]) => `${count} ${status}`);
  return [
    `At ${formatInstant(at)}: ${counted.join(", ") || "nothing had been received"}.`,
    ...(rules.length === 0
      ? []
      : [`Rules of the newest check: ${[...new Set(rules.map(({ rule }) => rule))].join(", ")}.`]),
    ...requests.map(openText),
    ...(leftOut === 0 ? [] : [`… and ${leftOut} more`]),
  ].join("\n");
}

function openText({ request, status, seq, since, dueAt, outcome, server, calls }: OpenRequestThen): string {
  const more = [
    `after event #${seq} at ${formatInstant(since)}`,
    ...(dueAt === null ? [] : [`due ${formatInstant(dueAt)}`]),
    ...(server === null ? [] : [`at ${server}`]),
    ...(outcome === null ? [] : [outcome]),
    ...calls.map(({ attempt, outcome: how }) => `call ${attempt} ${how ?? "in progress"}`),
  ];
  return `${request}  ${status}, ${more.join(", ")}`;
}
