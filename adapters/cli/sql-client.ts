/** `reveille sql`: a statement to the report server's gate, and its answer as a table, JSON or CSV (N17). */
import { request } from "undici";

type SqlFormat = "table" | "json" | "csv";

export type SqlQuestion = {
  /** Of the report server, e.g. http://127.0.0.1:8081 */
  readonly url: string;
  /** Null where the server asks for none. */
  readonly token: string | null;
  readonly sql: string;
  readonly format: SqlFormat;
  readonly signal?: AbortSignal;
};

/** The server said no; the message says why and who can mend it. */
export class SqlClientError extends Error {
  override readonly name = "SqlClientError";
  /** Trying again can help when the server or its engine was not there. */
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retryable = retryable;
  }
}

const ANSWER_MS_MAX = 90_000;
/** Characters of one cell in a table; JSON and CSV hold all. */
export const CELL_CHARACTERS_MAX = 60;

/** The text to print, with a line break at its end. Throws `SqlClientError`. */
export async function askSql(question: SqlQuestion): Promise<string> {
  const { status, body } = await post(question);
  if (status !== 200) throw new SqlClientError(complaint(status, body), status >= 500);
  if (question.format === "csv") return body;
  const answer = requireAnswer(body);
  return question.format === "json" ? `${JSON.stringify(answer, null, 2)}\n` : tableOf(answer);
}

async function post({
  url,
  token,
  sql,
  format,
  signal,
}: SqlQuestion): Promise<{ status: number; body: string }> {
  if (!URL.canParse(url))
    throw new SqlClientError(`"${url}" is no URL; give one such as http://127.0.0.1:8081`, false);
  const target = new URL(`/sql?format=${format === "csv" ? "csv" : "json"}`, url);
  try {
    const response = await request(target, {
      method: "POST",
      body: sql,
      headers: {
        "content-type": "application/sql",
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      headersTimeout: ANSWER_MS_MAX,
      ...(signal === undefined ? {} : { signal }),
    });
    return { status: response.statusCode, body: await response.body.text() };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new SqlClientError(
      `${target.origin} does not answer (${said}); is the reporting role running, and is this its address?`,
      true,
      { cause: error },
    );
  }
}

function complaint(status: number, body: string): string {
  try {
    const problem: unknown = JSON.parse(body);
    if (typeof problem === "object" && problem !== null && "detail" in problem) return String(problem.detail);
  } catch {
    // Not ours: whatever stands at that address, its status says more than its text.
  }
  return `the server answered ${status} without an explanation; is this Reveille's report server?`;
}

type Answer = {
  readonly columns: readonly { readonly name: string }[];
  readonly rows: readonly (readonly unknown[])[];
};

function requireAnswer(body: string): Answer {
  const answer: unknown = JSON.parse(body);
  if (isAnswer(answer)) return answer;
  throw new SqlClientError(
    "the server's answer has no columns and rows; is this Reveille's report server?",
    false,
  );
}

function isAnswer(value: unknown): value is Answer {
  return (
    typeof value === "object" &&
    value !== null &&
    "columns" in value &&
    Array.isArray(value.columns) &&
    "rows" in value &&
    Array.isArray(value.rows)
  );
}

/** Columns under their names, numbers to the right. */
export function tableOf({ columns, rows }: Answer): string {
  const cells = rows.map((row) => row.map(shown));
  const widths = columns.map(({ name }, at) =>
    cells.reduce((width, row) => Math.max(width, (row[at] ?? "").length), name.length),
  );
  const numeric = columns.map(
    (_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === "number" || row[at] === null),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, at) => (numeric[at] ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0)))
      .join("  ")
      .trimEnd();
  const head = line(columns.map(({ name }) => name));
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  const count = rows.length === 1 ? "1 row" : `${rows.length} rows`;
  return `${[head, rule, ...cells.map(line), `(${count})`].join("\n")}\n`;
}

// A terminal obeys control characters: text from the tables must not reach it with any.
const CONTROL = /\p{Cc}/gu;

function shown(value: unknown): string {
  const text = value === null ? "–" : typeof value === "string" ? value : JSON.stringify(value);
  const clean = text.replace(CONTROL, "·");
  return clean.length > CELL_CHARACTERS_MAX ? `${clean.slice(0, CELL_CHARACTERS_MAX - 1)}…` : clean;
}
