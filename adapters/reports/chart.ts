/**
 * Charts as plain SVG: no script, no package, no outside asset, so that they live under `default-src 'none'`, in
 * print and in mail. Series differ by colour and by pattern (dashes, hatching); every figure is in the table too.
 */
import { type Markup, markup } from "./markup.ts";

export type ChartData = {
  readonly id: string;
  readonly kind: "bars" | "line";
  readonly title: string;
  readonly labels: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
};

const WIDTH = 760;
const HEIGHT = 260;
const PLOT = { left: 56, right: 12, top: 12, bottom: 34 } as const;
const GRID_LINES_MAX = 5;
const X_LABELS_MAX = 10;
/** Marks beyond this would be thinner than a pixel. */
export const LABELS_MAX = 400;

export function chart(data: ChartData): Markup {
  const labels = data.labels.slice(0, LABELS_MAX);
  const scale = scaleOf(data, labels.length);
  const described = `${data.id}-title ${data.id}-desc`;
  return markup`<figure class="chart">
<figcaption>${data.title}${legend(data)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${described}">
<title id="${data.id}-title">${data.title}</title>
<desc id="${data.id}-desc">${description(data)}</desc>
${grid(scale)}${xLabels(labels, scale)}
${data.kind === "bars" ? bars(data, scale) : lines(data, scale)}
</svg>
</figure>`;
}

type Scale = { readonly step: number; readonly top: number; readonly count: number };

function scaleOf(data: ChartData, count: number): Scale {
  const heights = data.labels.map((_, at) => {
    const values = data.series.map(({ values: all }) => all[at] ?? 0);
    return data.kind === "bars" ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
  });
  const highest = heights.reduce((most, value) => Math.max(most, value), 0);
  const step = axisStep(highest);
  return { step, top: Math.max(step, Math.ceil(highest / step - 1e-9) * step), count };
}

/** 1, 2 or 5 times a power of ten, such that `GRID_LINES_MAX` of them reach `highest`. */
export function axisStep(highest: number): number {
  if (!(highest > 0)) return 1;
  const rough = highest / GRID_LINES_MAX;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((one) => one * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

function xOf(index: number, { count }: Scale): number {
  const slot = (WIDTH - PLOT.left - PLOT.right) / Math.max(1, count);
  return PLOT.left + slot * (index + 0.5);
}

function yOf(value: number, { top }: Scale): number {
  const height = HEIGHT - PLOT.top - PLOT.bottom;
  return PLOT.top + height * (1 - Math.max(0, value) / top);
}

function grid(scale: Scale): Markup[] {
  const lineCount = Math.round(scale.top / scale.step);
  return Array.from({ length: lineCount + 1 }, (_, at) => {
    const value = at * scale.step;
    const y = round(yOf(value, scale));
    return markup`<line class="${at === 0 ? "axis" : "grid"}" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${y}" y2="${y}"/><text class="y" x="${PLOT.left - 8}" y="${y + 4}">${short(value)}</text>`;
  });
}

function xLabels(labels: readonly string[], scale: Scale): Markup[] {
  const every = Math.ceil(labels.length / X_LABELS_MAX);
  return labels.flatMap((label, at) =>
    at % every === 0
      ? [markup`<text class="x" x="${round(xOf(at, scale))}" y="${HEIGHT - 12}">${shortLabel(label)}</text>`]
      : [],
  );
}

function bars(data: ChartData, scale: Scale): Markup[] {
  const slot = (WIDTH - PLOT.left - PLOT.right) / Math.max(1, scale.count);
  const width = Math.min(42, Math.max(1, slot * 0.68));
  return data.labels.slice(0, LABELS_MAX).map((label, at) => {
    let below = 0;
    return markup`<g><title>${label}: ${data.series.map(({ name, values }) => `${name} ${short(values[at] ?? 0)}`).join(", ")}</title>${data.series.map(
      ({ values }, index) => {
        const value = values[at] ?? 0;
        const top = yOf(below + value, scale);
        const height = yOf(below, scale) - top;
        below += value;
        const x = round(xOf(at, scale) - width / 2);
        return markup`<rect class="s${index}" x="${x}" y="${round(top)}" width="${round(width)}" height="${round(height)}"/>`;
      },
    )}</g>`;
  });
}

function lines(data: ChartData, scale: Scale): Markup[] {
  return data.series.map(({ name, values }, index) => {
    const points = values
      .slice(0, LABELS_MAX)
      .map((value, at) => [round(xOf(at, scale)), round(yOf(value, scale))] as const);
    const dots = points.map(
      ([x, y], at) =>
        markup`<circle class="s${index}" cx="${x}" cy="${y}" r="${points.length > 60 ? 1.5 : 3}"><title>${data.labels[at] ?? ""}: ${name} ${short(values[at] ?? 0)}</title></circle>`,
    );
    return markup`<polyline class="l${index}" points="${points.map((point) => point.join(",")).join(" ")}"/>${dots}`;
  });
}

function legend({ series }: ChartData): Markup {
  if (series.length < 2) return markup``;
  const keys = series.map(
    ({ name }, at) =>
      markup`<li><svg viewBox="0 0 14 14" aria-hidden="true"><rect class="s${at}" width="14" height="14"/></svg>${name}</li>`,
  );
  return markup`<ul class="legend">${keys}</ul>`;
}

/** What the eye takes from the picture, in words: extremes, and where it is going. */
function description({ labels, series }: ChartData): string {
  if (labels.length === 0) return "No figures in this period.";
  return series
    .map(({ name, values }) => {
      const low = extreme(values, (a, b) => a < b);
      const high = extreme(values, (a, b) => a > b);
      return `${name}: lowest ${short(values[low] ?? 0)} (${labels[low] ?? ""}), highest ${short(values[high] ?? 0)} (${labels[high] ?? ""}), ${trend(values)}.`;
    })
    .join(" ");
}

function extreme(values: readonly number[], beats: (a: number, b: number) => boolean): number {
  return values.reduce((best, value, at) => (beats(value, values[best] ?? 0) ? at : best), 0);
}

function trend(values: readonly number[]): string {
  const half = Math.floor(values.length / 2);
  if (half === 0) return "a single figure";
  const first = mean(values.slice(0, half));
  const second = mean(values.slice(-half));
  if (Math.abs(second - first) <= 0.05 * Math.max(first, second)) return "steady";
  return second > first ? "rising" : "falling";
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function short(value: number): string {
  const amount = Math.abs(value);
  if (amount >= 1e6) return `${round(value / 1e6)}M`;
  if (amount >= 1e4) return `${round(value / 1e3)}k`;
  return String(round(value));
}

/** "2026-11-30" as "30 Nov". */
function shortLabel(label: string): string {
  const day = /^\d{4}-(\d{2})-(\d{2})$/.exec(label);
  if (day === null) return label.length > 14 ? `${label.slice(0, 13)}…` : label;
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  return `${Number(day[2])} ${months[Number(day[1]) - 1] ?? ""}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
