/** Reads a report from the report server, as text for people, JSON or CSV. */
import { request } from "undici";
import { formatTable } from "./table.ts";

export type ReportQuestion = {
  readonly url: string;
  readonly token: string | null;
  /** Null: the list of reports. */
  readonly name: string | null;
  readonly filter: Readonly<Record<"from" | "to" | "tz" | "sender", string | null>>;
  readonly format: "table" | "json" | "csv";
};

export type ReportAnswer =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

type Listed = {
  readonly reports: readonly { readonly name: string; readonly title: string; readonly describes: string }[];
};
type Tabular = {
  readonly columns: readonly { readonly name: string; readonly title: string }[];
  readonly rows: readonly Readonly<Record<string, string | number | null>>[];
};

const ANSWER_MS_MAX = 60_000;

function targetOf({ url, name, filter, format }: ReportQuestion): URL {
  const target = new URL(name === null ? "/" : `/reports/${encodeURIComponent(name)}`, url);
  target.searchParams.set("format", format === "csv" ? "csv" : "json");
  for (const [key, value] of Object.entries(filter)) if (value !== null) target.searchParams.set(key, value);
  return target;
}

function cellOf(value: string | number | null): string | number {
  return typeof value === "number" ? Math.round(value * 100) / 100 : (value ?? "");
}

function tableText(body: string): string {
  const { columns, rows } = JSON.parse(body) as Tabular;
  return formatTable(
    columns.map(({ title }) => title),
    rows.map((row) => columns.map(({ name }) => cellOf(row[name] ?? null))),
  );
}

function listText(body: string): string {
  const { reports } = JSON.parse(body) as Listed;
  return formatTable(
    ["Report", "What it says"],
    reports.map(({ name, describes }) => [name, describes]),
  );
}

function complaint(status: number, body: string): string {
  try {
    const problem = JSON.parse(body) as { title?: string; detail?: string };
    return [problem.title, problem.detail].filter(Boolean).join(": ");
  } catch {
    return `the report server answered ${status}`;
  }
}

export async function readReport(question: ReportQuestion): Promise<ReportAnswer> {
  try {
    const headers = question.token === null ? {} : { authorization: `Bearer ${question.token}` };
    const { statusCode, body } = await request(targetOf(question), {
      headers,
      headersTimeout: ANSWER_MS_MAX,
    });
    const text = await body.text();
    if (statusCode !== 200)
      return { ok: false, error: { code: String(statusCode), message: complaint(statusCode, text) } };
    if (question.format !== "table") return { ok: true, value: text.trimEnd() };
    return { ok: true, value: question.name === null ? listText(text) : tableText(text) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      ok: false,
      error: {
        code: "unreachable",
        message: `the report server at ${question.url} does not answer: ${why}. Is it running?`,
      },
    };
  }
}
