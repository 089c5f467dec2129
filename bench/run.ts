/**
 * `npm run bench`: every bench one after the other, each a process of its own that is given a time limit and a
 * temporary folder, both taken away afterwards. Progress on standard error; on standard output a table, with
 * `--json` one line per bench as it comes, with `--markdown` the tables of docs/benchmarks.md.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { settingsFor } from "../config.ts";
import { type BenchLine, parseBenchLine, type SkippedBench } from "./bench-line.ts";
import {
  BENCH_NAMES,
  type BenchName,
  benchMsMax,
  benchUsage,
  parseBenchName,
  scriptOf,
} from "./bench-list.ts";
import { formatLines, markdownPage } from "./bench-table.ts";

/** The processes of the roles end by themselves once nobody supervises them; their files go after that. */
const ROLES_END_MS = 3_000;

const USAGE_EXIT = 2;

const words = readWords();
if (words.help) {
  process.stdout.write(`${benchUsage()}\n`);
  process.exit(0);
}
const lines: (BenchLine | SkippedBench)[] = [];
for (const name of words.chosen) {
  process.stderr.write(`bench: ${name} …\n`);
  const line = await runBench(name);
  lines.push(line);
  process.stderr.write(`bench: ${name}: ${verdictOf(line)}\n`);
  if (words.json) process.stdout.write(`${JSON.stringify(line)}\n`);
}
if (words.markdown) process.stdout.write(markdownPage(lines, machine()));
else if (!words.json) process.stdout.write(`${formatLines(lines)}\n`);
// A goal that is missed is a figure to look at; a bench that broke is a fault.
process.exitCode = lines.some((line) => "skipped" in line && line.skipped.startsWith("broken")) ? 1 : 0;

type RunWords = {
  readonly chosen: readonly BenchName[];
  readonly help: boolean;
  readonly json: boolean;
  readonly markdown: boolean;
};

/** Ends the process with what is wrong and how to go on, where it was asked for what there is not. */
function readWords(): RunWords {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string", multiple: true },
        json: { type: "boolean", default: false },
        markdown: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    return { ...values, chosen: values.only?.map(requireBenchName) ?? BENCH_NAMES };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    process.stderr.write(`bench: ${what}\n\n${benchUsage()}\n`);
    return process.exit(USAGE_EXIT);
  }
}

function requireBenchName(wanted: string): BenchName {
  const name = parseBenchName(wanted);
  if (name === null) throw new Error(`there is no "${wanted}"; see the names below`);
  return name;
}

function verdictOf(line: BenchLine | SkippedBench): string {
  if ("skipped" in line) return line.skipped;
  return line.met ? "goals met" : "a goal was missed";
}

async function runBench(name: BenchName): Promise<BenchLine | SkippedBench> {
  const folder = mkdtempSync(join(tmpdir(), `reveille-bench-${name}-`));
  const options = name === "memory" || name === "keyring" ? ["--expose-gc"] : [];
  const { script, words: told } = scriptOf(name);
  const msMax = benchMsMax(name);
  const file = fileURLToPath(new URL(`./${script}.ts`, import.meta.url));
  const child = spawn(process.execPath, [...options, file, ...told], {
    env: settingsFor(process.env, { TMPDIR: folder }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, msMax);
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
  });
  const said = await text(child.stdout);
  const code = await ended;
  clearTimeout(limit);
  if (late || code !== 0) await new Promise((resolve) => setTimeout(resolve, ROLES_END_MS));
  rmSync(folder, { recursive: true, force: true });
  const line = parseBenchLine(said);
  if (line !== null && code === 0) return line;
  const why = late ? `not finished within ${msMax / 1_000} s` : `exit code ${code}`;
  return { name, skipped: `broken: ${why}`, command: ["node", `bench/${script}.ts`, ...told].join(" ") };
}

function machine(): string {
  const [cpu] = cpus();
  const day = new Date().toISOString().slice(0, 10);
  return `${cpu?.model ?? "unknown processor"}, ${cpus().length} cores, Node ${process.version}, ${day}, \`npm run bench -- --markdown\``;
}
