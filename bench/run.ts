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
import { formatLines, markdownPage } from "./bench-table.ts";

const BENCHES = [
  "intake",
  "request-to-invite",
  "request-to-invite-kafka",
  "key-to-prompt",
  "sip-cpu",
  "media",
  "replay",
  "memory",
  "keyring",
  "report-lag",
  "spread",
  "causes",
  "log-commits-kafka",
  "log-intake-kafka",
  "log-replay-kafka",
  "log-takeover",
  "log-takeover-kafka",
] as const;
type BenchName = (typeof BENCHES)[number];

/** The same bench, on a broker of its own. */
const ON_KAFKA = "-kafka";

/** Starting and stopping the roles included; beyond it something hangs. */
const BENCH_MS_MAX = 90_000;
/** The processes of the roles end by themselves once nobody supervises them; their files go after that. */
const ROLES_END_MS = 3_000;

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    json: { type: "boolean" },
    markdown: { type: "boolean" },
  },
});
const chosen = namesOf(values.only ?? BENCHES);
const lines: (BenchLine | SkippedBench)[] = [];
for (const name of chosen) {
  process.stderr.write(`bench: ${name} …\n`);
  const line = await runBench(name);
  lines.push(line);
  process.stderr.write(`bench: ${name}: ${verdictOf(line)}\n`);
  if (values.json === true) process.stdout.write(`${JSON.stringify(line)}\n`);
}
if (values.markdown === true) process.stdout.write(markdownPage(lines, machine()));
else if (values.json !== true) process.stdout.write(`${formatLines(lines)}\n`);
// A goal that is missed is a figure to look at; a bench that broke is a fault.
process.exitCode = lines.some((line) => "skipped" in line && line.skipped.startsWith("broken")) ? 1 : 0;

function namesOf(wanted: readonly string[]): readonly BenchName[] {
  return wanted.map((name) => {
    const known = BENCHES.find((bench) => bench === name);
    if (known !== undefined) return known;
    throw new Error(`bench: there is no "${name}"; give one of ${BENCHES.join(", ")}`);
  });
}

function verdictOf(line: BenchLine | SkippedBench): string {
  if ("skipped" in line) return line.skipped;
  return line.met ? "goals met" : "a goal was missed";
}

async function runBench(name: BenchName): Promise<BenchLine | SkippedBench> {
  const folder = mkdtempSync(join(tmpdir(), `reveille-bench-${name}-`));
  const options = name === "memory" || name === "keyring" ? ["--expose-gc"] : [];
  const { script, words } = name.endsWith(ON_KAFKA)
    ? { script: name.slice(0, -ON_KAFKA.length), words: ["--kafka"] }
    : { script: name, words: [] };
  const file = fileURLToPath(new URL(`./${script}.ts`, import.meta.url));
  const child = spawn(process.execPath, [...options, file, ...words], {
    env: settingsFor(process.env, { TMPDIR: folder }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, BENCH_MS_MAX);
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
  const why = late ? `not finished within ${BENCH_MS_MAX / 1_000} s` : `exit code ${code}`;
  return { name, skipped: `broken: ${why}`, command: `node bench/${name}.ts` };
}

function machine(): string {
  const [cpu] = cpus();
  const day = new Date().toISOString().slice(0, 10);
  return `${cpu?.model ?? "unknown processor"}, ${cpus().length} cores, Node ${process.version}, ${day}, \`npm run bench -- --markdown\``;
}
