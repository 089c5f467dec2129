/** What is to be run, read from a data folder: indexed suites, and suites with a folder per assertion. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConformanceTest, Verdict } from "./conformance-case.ts";
import { farEndKind } from "./far-end.ts";
import { MANIFEST, readManifest } from "./manifest-file.ts";

/** As found in the index: anything may stand there, and only what is understood is used. */
type Entry = Readonly<Record<string, unknown>>;

/** Every test below `folder`, itself a suite or a folder of suites. Throws where an index is no JSON array. */
export function readTests(folder: string): readonly ConformanceTest[] {
  const own = readSuite(folder, "");
  if (own !== null) return own;
  const suites = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return suites
    .map((entry) => entry.name)
    .filter((name) => name.startsWith("vxml"))
    .toSorted()
    .flatMap((name) => {
      const suite = join(folder, name);
      return readSuite(suite, `${name}/`) ?? readFolders(suite, `${name}/`);
    });
}

function readSuite(folder: string, prefix: string): readonly ConformanceTest[] | null {
  if (existsSync(join(folder, "index.json"))) return readIndexed(folder, prefix);
  return existsSync(join(folder, MANIFEST)) ? readManifest(folder, prefix) : null;
}

function readIndexed(folder: string, prefix: string): readonly ConformanceTest[] {
  const entries: unknown = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
  if (!Array.isArray(entries)) throw new Error(`${join(folder, "index.json")} holds no array of tests`);
  return entries.map((entry: unknown) => readEntry(isEntry(entry) ? entry : {}, folder, prefix));
}

function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null;
}

function readEntry(entry: Entry, folder: string, prefix: string): ConformanceTest {
  const hasPass = entry["has_pass"] !== false;
  const verdict = verdictOf(entry["verdict"], hasPass);
  const caller = callerOf(entry["caller"]);
  const start = typeof entry["start"] === "string" ? entry["start"] : "";
  const farEnd = entry["farEnd"] ?? null;
  const problems = [
    ...(verdict === null ? [`verdict ${JSON.stringify(entry["verdict"])}`] : []),
    ...(caller === undefined ? [`caller ${JSON.stringify(entry["caller"])}`] : []),
    ...(isFarEnd(farEnd) ? [] : [`farEnd ${JSON.stringify(farEnd)}`]),
  ].map((what) => `the index says ${what}, which this harness does not know`);
  if (start === "" || !existsSync(join(folder, start)))
    problems.push(`its start document "${start}" is not there`);
  const unusable = entry["unusable"] ?? false;
  return {
    id: `${prefix}${idOf(entry["id"])}`,
    folder,
    start,
    hasPass,
    verdict: verdict ?? { kind: "pass" },
    caller: caller ?? null,
    farEnd: isFarEnd(farEnd) ? farEnd : null,
    unusable: unusable === false ? null : typeof unusable === "string" ? unusable : JSON.stringify(unusable),
    problem: problems[0] ?? null,
  };
}

function idOf(given: unknown): string {
  return typeof given === "string" || typeof given === "number" ? String(given) : "without an id";
}

/** Undefined for what is no list of things to do. */
function callerOf(given: unknown): readonly string[] | null | undefined {
  if (given === undefined || given === null) return null;
  if (!Array.isArray(given)) return undefined;
  const actions: readonly unknown[] = given;
  return actions.every((action) => typeof action === "string") ? actions : undefined;
}

function isFarEnd(given: unknown): given is string | null {
  return given === null || (typeof given === "string" && farEndKind(given) !== null);
}

/** Null for one that nobody here knows. */
function verdictOf(given: unknown, hasPass: boolean): Verdict | null {
  if (given === undefined || given === null) return { kind: hasPass ? "pass" : "no-fail" };
  if (given === "pass" || given === "pass-in-linked-document") return { kind: "pass" };
  if (given === "no-fail" || given === "audio-requested") return { kind: given };
  const words = isEntry(given) ? given["heardInOrder"] : null;
  if (!Array.isArray(words)) return null;
  const list: readonly unknown[] = words;
  return list.every((word) => typeof word === "string") ? { kind: "heard-in-order", words: list } : null;
}

/** A folder per assertion: the document that starts it is named for the id, "3.txml" or "3a.txml". */
function readFolders(suite: string, prefix: string): readonly ConformanceTest[] {
  const ids = readdirSync(suite, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return ids
    .map((entry) => entry.name)
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .flatMap((id) => {
      const folder = join(suite, id);
      const documents = readdirSync(folder)
        .filter((name) => /\.(txml|vxml|xml)$/.test(name))
        .toSorted();
      const start = documents.find((name) => name.startsWith(`${id}.`)) ?? unlinked(folder, documents);
      if (start === undefined) return [];
      const verdict: Verdict = { kind: "pass" };
      return [
        {
          id: `${prefix}${id}`,
          folder,
          start,
          hasPass: true,
          verdict,
          caller: null,
          farEnd: null,
          unusable: null,
          problem: null,
        },
      ];
    });
}

/** The document that no other one of its folder names: where the others are reached from. */
function unlinked(folder: string, documents: readonly string[]): string | undefined {
  const texts = new Map(documents.map((name) => [name, readFileSync(join(folder, name), "latin1")]));
  const free = documents.find((name) => {
    const stem = name.replace(/\.[a-z]+$/, "");
    return [...texts].every(([other, text]) => other === name || !text.includes(`${stem}.`));
  });
  return free ?? documents[0];
}
