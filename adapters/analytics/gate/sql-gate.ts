/**
 * The gate before the engine (N17): text from a stranger becomes rows, or a refusal with its reason.
 *
 * `readonly = 1` is no sandbox: it was seen to write files (INTO OUTFILE), to read them (the scalar function
 * `file`) and to send requests (DESCRIBE url). So the engine's own parser first makes one statement of the text,
 * in a canonical form without comments; the tree of that form is judged against lists of what is open; and only
 * the form that was judged is run, on a Session that could change nothing anyway.
 */
import {
  type Analytics,
  AnalyticsRefusedError,
  type ResultSet,
  valueText,
} from "../../../domain/ports/analytics.ts";
import { type SqlGate, SqlRefusedError } from "../../../domain/ports/reports.ts";
import { judgeTree } from "./query-tree.ts";

/** Characters of a statement. */
export const SQL_CHARACTERS_MAX = 20_000;

export type PublicView = {
  readonly name: string;
  readonly meaning: string;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly meaning: string }[];
};

/** `analytics` may only read; `views` is what SHOW TABLES and DESCRIBE tell of. */
export function createSqlGate(analytics: Analytics, views: readonly PublicView[]): SqlGate {
  return {
    ask: async (text, scope, signal) => {
      if (text.length > SQL_CHARACTERS_MAX)
        throw new SqlRefusedError(
          "too-long",
          `a statement may have ${SQL_CHARACTERS_MAX} characters, this has ${text.length}`,
        );
      const sql = await canonical(analytics, text);
      const told = tell(sql, views);
      if (told !== null) return { ...told, sql };
      requireSelect(sql);
      const options = { scope, ...(signal === undefined ? {} : { signal }) };
      judgeTree(await treeOf(analytics, sql));
      return { ...(await analytics.query(sql, options)), sql };
    },
  };
}

/** One statement on one line, as the engine's parser writes it. */
async function canonical(analytics: Analytics, text: string): Promise<string> {
  try {
    const { rows } = await analytics.query("SELECT formatQuerySingleLine({q:String})", {
      parameters: { q: text },
    });
    const [formatted] = rows[0] ?? [];
    // The output format is ours to choose; a string or a name in quotes can't end like this.
    return valueText(formatted).replace(/\s+FORMAT\s+\w+\s*$/i, "");
  } catch (error) {
    if (error instanceof AnalyticsRefusedError)
      throw new SqlRefusedError(
        "not-understood",
        `the engine can't read this as one statement: ${error.message.slice(0, 300)}`,
      );
    throw error;
  }
}

const QUOTED = /'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*"/g;

function requireSelect(sql: string): void {
  if (!/^(?:SELECT|WITH|\()/i.test(sql))
    throw new SqlRefusedError(
      "not-a-select",
      "only SELECT, SHOW TABLES and DESCRIBE of a view are answered here",
    );
  requirePlainNames(sql);
  const bare = sql.replace(QUOTED, "''");
  if (/\bINTO\s+OUTFILE\b|\bFROM\s+INFILE\b/i.test(bare))
    throw new SqlRefusedError(
      "writes-a-file",
      "files are neither written nor read here; the answer is your file",
    );
  if (/\bSETTINGS\b/i.test(bare))
    throw new SqlRefusedError("changes-settings", "limits and settings are the house's; leave SETTINGS out");
}

/**
 * The tree is text: a name with a comma could forge an entry of its line, one with a line break a whole line. So
 * names in quotes are plain words, and patterns of columns, which are shown there unescaped, have no escapes.
 */
function requirePlainNames(sql: string): void {
  for (const [quoted] of sql.matchAll(QUOTED))
    if (!quoted.startsWith("'") && !/^.[\p{L}\p{N} _.%()/+-]*.$/u.test(quoted))
      throw new SqlRefusedError(
        "odd-name",
        "names in quotes may hold letters, digits, blanks and _.%()/+- only",
      );
  if (/\b(?:COLUMNS|EXCEPT)\s*\(\s*'(?:[^'\\]|\\[^nrtbf0v])*\\[nrtbf0v]/i.test(sql))
    throw new SqlRefusedError("odd-name", "patterns of columns may hold no line breaks");
}

async function treeOf(analytics: Analytics, sql: string): Promise<readonly string[]> {
  // Nothing is opened or sent by this: names are not even looked up (run_passes = 0).
  const { rows } = await analytics.query(`EXPLAIN QUERY TREE run_passes = 0, dump_tree = 1 ${sql}`);
  return rows.map(([line]) => valueText(line));
}

/** The questions that are answered from the contract instead of the engine; null for any other. */
function tell(sql: string, views: readonly PublicView[]): ResultSet | null {
  if (/^SHOW TABLES(?:\s+FROM reveille)?$/i.test(sql))
    return { columns: strings(["name", "comment"]), rows: views.map(({ name, meaning }) => [name, meaning]) };
  if (/^SHOW DATABASES$/i.test(sql)) return { columns: strings(["name"]), rows: [["reveille"]] };
  const described = /^DESC(?:RIBE)?(?: TABLE)? (?:reveille\.)?(v_[a-z_]+)$/i.exec(sql)?.[1];
  const view = views.find(({ name }) => name === described);
  if (view === undefined) return null;
  return {
    columns: strings(["name", "type", "comment"]),
    rows: view.columns.map(({ name, type, meaning }) => [name, type, meaning]),
  };
}

function strings(names: readonly string[]): ResultSet["columns"] {
  return names.map((name) => ({ name, type: "String" }));
}
