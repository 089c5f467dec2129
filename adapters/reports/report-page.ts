/** A report as a page: filter, sums, charts, the figures themselves, and how they were made. */
import { formatInstant } from "../../domain/kernel/time.ts";
import type { Value } from "../../domain/ports/analytics.ts";
import type {
  ProjectionLag,
  Report,
  ReportChart,
  ReportColumn,
  ReportSummary,
} from "../../domain/ports/reports.ts";
import { chart } from "./chart.ts";
import { textOf } from "./csv.ts";
import { figure, isNumeric } from "./figure.ts";
import { type Markup, markup } from "./markup.ts";
import { STYLESHEET } from "./stylesheet.ts";

/** Rows that a page shows; the files hold all of them. */
export const ROWS_SHOWN_MAX = 2_000;
/** Rows up to which the table stands open. */
const ROWS_OPEN_MAX = 40;

export function reportPage(report: Report, exportUrl: (format: "csv" | "json") => string): string {
  const { filter } = report;
  return page(
    report.title,
    markup`<header><a href="/">Reveille reports</a></header>
<main>
<h1>${report.title}</h1>
<p class="lead">${report.describes}</p>
<form method="get">
<label>From <input type="date" name="from" value="${filter.from}"></label>
<label>To <input type="date" name="to" value="${filter.to}"></label>
<label>Time zone <input name="tz" value="${filter.zone}" autocomplete="off"></label>
<label>Sender <input name="sender" value="${filter.sender ?? ""}" placeholder="all" autocomplete="off"></label>
<button>Show</button>
</form>
${lagNote(report.lag)}
${tiles(report)}
${report.charts.map((one, at) => chart(chartData(report, one, at)))}
${figures(report)}
<p class="noprint">Take it along: <a href="${exportUrl("csv")}">CSV</a> · <a href="${exportUrl("json")}">JSON</a></p>
${making(report)}
</main>
<footer>Made ${formatInstant(report.madeAt)}. Days are those of ${filter.zone}.</footer>`,
  );
}

export function indexPage(reports: readonly ReportSummary[], lag: ProjectionLag): string {
  const cards = reports.map(
    ({ name, title, describes }) =>
      markup`<li><h2><a href="/reports/${name}">${title}</a></h2><p>${describes}</p></li>`,
  );
  return page(
    "Reports",
    markup`<main>
<h1>Reveille reports</h1>
<p class="lead">Each page is also its own export: add <code>?format=csv</code> or <code>?format=json</code>.</p>
<ul class="cards">${cards}</ul>
${lagNote(lag)}
</main>`,
  );
}

export function messagePage(title: string, message: string): string {
  return page(
    title,
    markup`<header><a href="/">Reveille reports</a></header><main><h1>${title}</h1><p class="lead">${message}</p></main>`,
  );
}

function page(title: string, body: Markup): string {
  const style: Markup = { html: STYLESHEET };
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title} · Reveille</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`.html;
}

/** How far the figures may be behind the calls: never left out. */
function lagNote(lag: ProjectionLag): Markup {
  const upTo =
    lag.upTo === null ? "No event has been counted yet." : `Counted up to ${formatInstant(lag.upTo)}.`;
  if (lag.caughtUp && lag.behindMs < 10_000)
    return markup`<p class="state">${upTo} ${lag.pendingEvents === 0 ? "Nothing waits." : `${lag.pendingEvents} events wait.`}</p>`;
  const seconds = Math.round(lag.behindMs / 1_000);
  return markup`<p class="state late" role="status">The figures are behind the calls by up to ${seconds} s. ${upTo}</p>`;
}

function tiles(report: Report): Markup {
  const shown = report.columns.flatMap((column, at) => {
    const total = report.totals[at];
    if (total === null || total === undefined || column.unit === "share") return [];
    return [markup`<li><strong>${figure(total, column.unit)}</strong><span>${column.title}</span></li>`];
  });
  return shown.length === 0 ? markup`` : markup`<ul class="tiles" aria-label="Sums">${shown}</ul>`;
}

function chartData(
  report: Report,
  { kind, title, x, series }: ReportChart,
  at: number,
): Parameters<typeof chart>[0] {
  const xAt = report.columns.findIndex(({ name }) => name === x);
  const labels = [...new Set(report.rows.map((row) => textOf(row[xAt] ?? null)))];
  const places = new Map(labels.map((label, place) => [label, place]));
  return {
    id: `chart-${at}`,
    kind,
    title,
    labels,
    series: series.map((name) => {
      const column = report.columns.findIndex((one) => one.name === name);
      const values = labels.map(() => 0);
      for (const row of report.rows) {
        const place = places.get(textOf(row[xAt] ?? null)) ?? 0;
        values[place] = (values[place] ?? 0) + Number(row[column] ?? 0);
      }
      return { name: report.columns[column]?.title ?? name, values };
    }),
  };
}

function figures(report: Report): Markup {
  const rows = report.rows.slice(0, ROWS_SHOWN_MAX);
  const open: Markup = { html: rows.length <= ROWS_OPEN_MAX ? " open" : "" };
  const cut =
    report.rows.length > rows.length
      ? markup`<p class="state">The first ${rows.length} of ${report.rows.length} rows; the files hold all.</p>`
      : markup``;
  return markup`<details${open}><summary>The figures (${report.rows.length} rows)</summary>
${cut}<div class="scroll" tabindex="0" role="region" aria-label="Table of the figures"><table>
<thead><tr>${report.columns.map((column) => markup`<th scope="col" class="${alignment(column)}">${column.title}</th>`)}</tr></thead>
<tbody>${rows.map((row) => markup`<tr>${report.columns.map((column, at) => cell(row[at] ?? null, column))}</tr>`)}</tbody>
<tfoot><tr>${report.columns.map((column, at) => totalCell(column, report.totals[at] ?? null, at))}</tr></tfoot>
</table></div></details>`;
}

function cell(value: Value, column: ReportColumn): Markup {
  return markup`<td class="${alignment(column)}">${figure(value, column.unit)}</td>`;
}

function totalCell(column: ReportColumn, total: number | null, at: number): Markup {
  if (at === 0) return markup`<th scope="row">Sum</th>`;
  return markup`<td class="${alignment(column)}">${total === null ? "" : figure(total, column.unit)}</td>`;
}

function alignment({ unit }: ReportColumn): string {
  return isNumeric(unit) ? "n" : "t";
}

function making(report: Report): Markup {
  return markup`<details><summary>What the columns mean</summary><dl>${report.columns.map(
    ({ title, meaning }) => markup`<dt>${title}</dt><dd>${meaning}</dd>`,
  )}</dl></details>
<details><summary>The SQL behind it</summary><pre><code>${report.sql}</code></pre>
<pre><code>${JSON.stringify(report.parameters)}</code></pre></details>`;
}
