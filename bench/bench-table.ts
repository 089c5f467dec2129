/** Lines of benches for people: as text, and as the tables of the page in docs/. */
import type { BenchLine, SkippedBench } from "./bench-line.ts";

const NONE = "–";

function verdict({ met }: BenchLine): string {
  return met ? "met" : "missed";
}

/** One paragraph per bench: its figures are too many for the width of a terminal. */
export function formatLines(lines: readonly (BenchLine | SkippedBench)[]): string {
  return lines.map(formatLine).join("\n\n");
}

function formatLine(line: BenchLine | SkippedBench): string {
  if ("skipped" in line) return `${line.name}: ${line.skipped}`;
  const wide = Math.max(...Object.keys(line.figures).map((name) => name.length), "ratio".length);
  const figures = Object.entries(line.figures).map(([name, value]) => `  ${name.padEnd(wide)}  ${value}`);
  return [
    `${line.name}: ${verdict(line)} (${line.goal})`,
    ...figures,
    `  ${"ratio".padEnd(wide)}  ${line.ratio ?? NONE}  ${line.against}`,
  ].join("\n");
}

/** `machine` says where, when and how it was measured. */
export function markdownPage(lines: readonly (BenchLine | SkippedBench)[], machine: string): string {
  const summary = lines.map((line) =>
    "skipped" in line
      ? [line.name, NONE, line.skipped, NONE, NONE]
      : [line.name, String(line.ratio ?? NONE), line.against, line.goal, verdict(line)],
  );
  const details = lines.flatMap((line) => ("skipped" in line ? [] : [markdownDetail(line)]));
  const head = ["Bench", "Ratio", "Of what", "Goal", "Goal is"];
  return [`Measured on: ${machine}\n`, markdownTable(head, summary), ...details].join("\n");
}

function markdownDetail(line: BenchLine): string {
  const rows = Object.entries(line.figures).map(([name, value]) => [name, String(value)]);
  return `### ${line.name}\n\n\`${line.command}\`\n\n${markdownTable(["Figure", "Value"], rows)}`;
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${markdownRow(head)}|${head.map(() => "---|").join("")}\n${rows.map(markdownRow).join("")}`;
}

function markdownRow(cells: readonly string[]): string {
  return `| ${cells.map(escapeCell).join(" | ")} |\n`;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
