/** What is to be run, read from a data folder: indexed suites, and suites with a folder per assertion. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export type ConformanceTest = {
  /** Suite and id, e.g. "vxml20/43". */
  readonly id: string;
  readonly folder: string;
  readonly start: string;
  readonly hasPass: boolean;
  readonly verdict: Verdict;
  /** What the caller does at each wait, in order; null: as the prompts' markers say. */
  readonly caller: readonly string[] | null;
  readonly farEnd: string | null;
  /** Why it can't pass with what is stored; null for a test to be run. */
  readonly unusable: string | null;
};

type Verdict =
  | { readonly kind: "pass" | "no-fail" | "audio-requested" }
  | { readonly kind: "heard-in-order"; readonly words: readonly string[] };

type Entry = {
  readonly id: number | string;
  readonly start: string;
  readonly has_pass?: boolean;
  readonly verdict?: string | { readonly heardInOrder: readonly string[] };
  readonly caller?: readonly string[];
  readonly farEnd?: string;
  readonly unusable?: string | boolean;
};

/** Every test below `folder`, itself a suite or a folder of suites. */
export function readTests(folder: string): readonly ConformanceTest[] {
  if (existsSync(join(folder, "index.json"))) return readIndexed(folder, "");
  const suites = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return suites
    .map((entry) => entry.name)
    .filter((name) => name.startsWith("vxml"))
    .toSorted()
    .flatMap((name) => {
      const suite = join(folder, name);
      return existsSync(join(suite, "index.json"))
        ? readIndexed(suite, `${name}/`)
        : readFolders(suite, `${name}/`);
    });
}

function readIndexed(folder: string, prefix: string): readonly ConformanceTest[] {
  // oxlint-disable-next-line no-unsafe-type-assertion -- the form that the data folder's README describes
  const entries = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as readonly Entry[];
  return entries.map((entry) => {
    const hasPass = entry.has_pass ?? true;
    return {
      id: `${prefix}${entry.id}`,
      folder,
      start: entry.start,
      hasPass,
      verdict: verdictOf(entry.verdict, hasPass),
      caller: entry.caller ?? null,
      farEnd: entry.farEnd ?? null,
      unusable: entry.unusable === undefined || entry.unusable === false ? null : String(entry.unusable),
    };
  });
}

function verdictOf(given: Entry["verdict"], hasPass: boolean): Verdict {
  if (typeof given === "object") return { kind: "heard-in-order", words: given.heardInOrder };
  if (given === "no-fail" || given === "audio-requested") return { kind: given };
  return { kind: hasPass || given === "pass-in-linked-document" ? "pass" : "no-fail" };
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
