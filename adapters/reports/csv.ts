/** CSV by RFC 4180, safe to open in a spreadsheet. */
import type { Value } from "../../domain/ports/analytics.ts";

export type CsvOptions = {
  /** Leaves cells as they are; for programs that read what programs wrote. */
  readonly raw: boolean;
};

export function csvOf(
  header: readonly string[],
  rows: readonly (readonly Value[])[],
  options: CsvOptions = { raw: false },
): string {
  return [header, ...rows].map((row) => `${row.map((value) => cell(value, options)).join(",")}\r\n`).join("");
}

function cell(value: Value, { raw }: CsvOptions): string {
  const text = textOf(value);
  const safe = raw || typeof value !== "string" ? text : guarded(text);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function textOf(value: Value): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

// A spreadsheet runs what begins like a formula, and some run it after leading blanks too: foreign text gets an
// apostrophe before it (OWASP, CSV Injection). Full-width forms are taken for formulas by East Asian versions.
// Numbers of our own keep their minus sign.
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/;
const CONTROL = /(?![\t\r\n])\p{Cc}/gu;

function guarded(text: string): string {
  const clean = text.replace(CONTROL, "");
  return FORMULA.test(clean) ? `'${clean}` : clean;
}
