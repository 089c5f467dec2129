/**
 * Judges a statement by the tree that the engine itself made of it (`EXPLAIN QUERY TREE run_passes = 0`): nothing
 * is resolved or opened yet, and there is no second parser to disagree with the first.
 */
import { type SqlRefusal, SqlRefusedError } from "../../../domain/ports/reports.ts";
import { CLOSED_FUNCTIONS, OPEN_FUNCTIONS } from "./function-names.ts";

/** Lines of a tree: a statement of the longest allowed text has fewer. */
export const TREE_LINES_MAX = 50_000;

const OPEN_TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  "numbers",
  "zeros",
  "generateseries",
  "values",
  "view",
]);
const KNOWN_NODES: ReadonlySet<string> = new Set([
  "QUERY",
  "UNION",
  "LIST",
  "IDENTIFIER",
  "CONSTANT",
  "FUNCTION",
  "LAMBDA",
  "JOIN",
  "CROSS JOIN",
  "ARRAY_JOIN",
  "TABLE_FUNCTION",
  "MATCHER",
  "SORT",
  "WINDOW",
  "INTERPOLATE",
  "APPLY COLUMN TRANSFORMER",
  "REPLACE COLUMN TRANSFORMER",
  "EXCEPT COLUMN TRANSFORMER",
]);
const TABLE_PLACES: ReadonlySet<string> = new Set([
  "JOIN TREE",
  "TABLE EXPRESSION",
  "LEFT TABLE EXPRESSION",
  "RIGHT TABLE EXPRESSION",
]);
const MEMBERSHIP = /^(?:global)?(?:not)?(?:null)?in(?:ignoreset)?$/i;
// Suffixes that the engine puts on an aggregate's name, e.g. sumIf, quantilesTDigestArrayIf.
const COMBINATORS =
  /(?:simplestate|mergestate|state|merge|if|array|map|foreach|distinct|ordefault|ornull|resample|argmin|argmax|respectnulls)$/;
const PUBLIC_TABLE = /^(?:reveille\.)?v_[a-z_]+$/;

type Line = {
  readonly depth: number;
  readonly label: string;
  readonly node: string | null;
  readonly text: string;
};

/** Throws `SqlRefusedError` unless everything in the tree is open to readers. */
export function judgeTree(lines: readonly string[]): void {
  if (lines.length > TREE_LINES_MAX)
    throw new SqlRefusedError("too-long", "the statement is too large to be judged");
  const parsed = lines.filter((line) => line.trim() !== "").map(readLine);
  const ctes = new Set(parsed.flatMap(({ text }) => /, cte_name: (.+)$/.exec(text)?.[1] ?? []));
  const path: Line[] = [];
  const children: number[] = [];
  for (const line of parsed) {
    while ((path.at(-1)?.depth ?? -1) >= line.depth) path.pop();
    children[line.depth] = (children[line.depth] ?? 0) + 1;
    children.length = line.depth + 1;
    judge(line, { path, place: children[line.depth] ?? 1, ctes });
    path.push(line);
  }
}

function readLine(text: string): Line {
  const depth = text.length - text.trimStart().length;
  const body = text.trim();
  const node = /^([A-Z][A-Z_ ]*?) id: \d+/.exec(body)?.[1] ?? null;
  return { depth, label: node ?? body, node, text: body };
}

type Surroundings = {
  readonly path: readonly Line[];
  /** Which child of its parent the line is, from 1. */
  readonly place: number;
  readonly ctes: ReadonlySet<string>;
};

function judge(line: Line, around: Surroundings): void {
  if (line.node === null) {
    if (/ id: \d+/.test(line.text) && !line.text.startsWith("REPLACEMENT NAME"))
      refuse("node-unknown", line.text);
    return;
  }
  if (!KNOWN_NODES.has(line.node)) refuse("node-unknown", line.node);
  if (line.node === "FUNCTION") judgeFunction(valueOf(line.text, "function_name"));
  if (line.node === "TABLE_FUNCTION") judgeTableFunction(valueOf(line.text, "table_function_name"));
  if (line.node === "IDENTIFIER" && namesTable(around)) judgeTable(identifierOf(line.text), around.ctes);
}

function valueOf(text: string, key: string): string {
  return new RegExp(`, ${key}: ([^,]*)`).exec(text)?.[1] ?? "";
}

// The identifier is the last entry of its line, after an alias that may hold anything.
function identifierOf(text: string): string {
  return text.slice(text.lastIndexOf(", identifier: ") + ", identifier: ".length);
}

function namesTable({ path, place }: Surroundings): boolean {
  if (TABLE_PLACES.has(path.at(-1)?.label ?? "")) return true;
  // FUNCTION in / ARGUMENTS / LIST / second child: `x IN table`.
  const call = path.at(-3);
  return (
    place > 1 &&
    path.at(-1)?.node === "LIST" &&
    path.at(-2)?.label === "ARGUMENTS" &&
    call?.node === "FUNCTION" &&
    MEMBERSHIP.test(valueOf(call.text, "function_name"))
  );
}

function judgeTable(name: string, ctes: ReadonlySet<string>): void {
  if (PUBLIC_TABLE.test(name) || name === "system.one" || ctes.has(name)) return;
  refuse("table-closed", name);
}

function judgeTableFunction(name: string): void {
  if (!OPEN_TABLE_FUNCTIONS.has(name.toLowerCase())) refuse("table-function-closed", name);
}

function judgeFunction(name: string): void {
  for (let stem = name.toLowerCase(); ; ) {
    if (CLOSED_FUNCTIONS.has(stem)) break;
    if (OPEN_FUNCTIONS.has(stem)) return;
    const shorter = stem.replace(/_respect_nulls$/, "").replace(COMBINATORS, "");
    if (shorter === stem) break;
    stem = shorter;
  }
  refuse("function-closed", name);
}

const SAYS: Readonly<Partial<Record<SqlRefusal, string>>> = {
  "table-closed": "only the views reveille.v_… can be read; SHOW TABLES lists them",
  "table-function-closed":
    "of the table functions only numbers, zeros, generateSeries, values and view are open",
  "function-closed": "this function is not open to readers",
  "node-unknown": "the engine understood something here that the gate does not know",
};

function refuse(reason: SqlRefusal, what: string): never {
  throw new SqlRefusedError(reason, `${what.slice(0, 80)}: ${SAYS[reason] ?? reason}`);
}
