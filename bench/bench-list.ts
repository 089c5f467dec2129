/** The benches by name, what each is about, and how long it may take. */

/** The same bench, on a broker of its own. */
const ON_KAFKA = "-kafka";

const SUMMARIES = {
  intake: "Requests acknowledged by HTTP, durably, against the bare store",
  "request-to-invite": "from a POST to the INVITE on the wire, through every process",
  "request-to-invite-kafka": "the same, on a broker",
  "key-to-prompt": "from a pressed key to the next prompt's first packet",
  "sip-cpu": "processor time of a call, against SIPp's own caller",
  media: "what 200 and 672 calls of audio cost",
  replay: "events read and decoded, against the bare read",
  memory: "what an idle port and a waiting dialog take",
  keyring: "what a new Customer's data key costs",
  "report-lag": "from a Request's end to its row in the report",
  spread: "how offers spread over servers, on a virtual clock",
  causes: "causes a second of one dispatcher process, policy checks included, embedded",
  "causes-kafka": "the same through a broker, against bare transactions of the same records",
  "log-commits-kafka": "commits of partition owners, against bare transactions",
  "log-intake-kafka": "records acknowledged one per call, against bare sends",
  "log-replay-kafka": "events read and decoded from a broker, against the bare fetch",
  "log-takeover": "how long calls wait when a dispatcher is killed, embedded",
  "log-takeover-kafka": "the same, on a broker with 48 partitions",
} as const;

export type BenchName = keyof typeof SUMMARIES;

export const BENCH_NAMES = Object.keys(SUMMARIES) as readonly BenchName[];

/** Starting and stopping the roles included; beyond it something hangs. */
const BENCH_MS_MAX = 90_000;
/** They warm a broker and themselves for 20 to 30 s before a figure is taken. */
const WARMED: readonly BenchName[] = ["causes-kafka", "request-to-invite-kafka"];
const WARMED_BENCH_MS_MAX = 150_000;

export function benchMsMax(name: BenchName): number {
  return WARMED.includes(name) ? WARMED_BENCH_MS_MAX : BENCH_MS_MAX;
}

/** Null where there is none of this name. */
export function parseBenchName(text: string): BenchName | null {
  return BENCH_NAMES.find((name) => name === text) ?? null;
}

/** The script in this folder, and what it is told. */
export function scriptOf(name: BenchName): { readonly script: string; readonly words: readonly string[] } {
  return name.endsWith(ON_KAFKA)
    ? { script: name.slice(0, -ON_KAFKA.length), words: ["--kafka"] }
    : { script: name, words: [] };
}

export function benchUsage(): string {
  const wide = Math.max(...BENCH_NAMES.map((name) => name.length));
  return [
    "usage: npm run bench -- [--only NAME]... [--json | --markdown]",
    "",
    "Every bench one after the other, each in a process of its own; progress on standard error.",
    "",
    "  --only NAME   this bench alone; again for another one",
    "  --json        one line of JSON per bench, as it comes",
    "  --markdown    the tables of docs/benchmarks.md",
    "  --help        this",
    "",
    ...BENCH_NAMES.map((name) => `  ${name.padEnd(wide)}  ${SUMMARIES[name]}`),
    "",
    "Exit code 0, also where a goal is missed; 1 where a bench broke; 2 where it was asked for what there is not.",
  ].join("\n");
}
