/**
 * How offers spread over servers, by scheme and by the age of load reports: `node bench/spread.ts` prints one JSON
 * line, `--table` the tables of docs/benchmarks.md instead, `--svg FILE` draws the picture as well. The same on
 * every machine: the clock is virtual and the dice have a seed.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { printBench } from "./bench-line.ts";
import { chartOf, type Panel } from "./spread-chart.ts";
import { runSpread, type SpreadFigures, type SpreadOptions, type SpreadScheme } from "./spread-model.ts";

const SCHEMES: readonly SpreadScheme[] = ["low-load", "round-robin", "combination", "least-loaded"];
const COLOURS = ["#0b6e99", "#d9730d", "#448361", "#9b51a5"];
const AGES_MS = [100, 250, 500, 1_000, 2_000];
const LOADS_PERCENT = [70, 95, 120];
const SEEDS = [1, 2, 3];
const HOUSE = {
  dispatchers: 8,
  servers: [12, 12, 12, 24, 24, 24, 48, 48, 48, 48],
  callMs: 60_000,
  simulatedMs: 300_000,
};

type Asked = Pick<SpreadOptions, "scheme" | "loadPercent" | "reportEveryMs"> & { readonly learns?: boolean };

/** The mean over the seeds. */
function measure(asked: Asked): SpreadFigures {
  const runs = SEEDS.map((seed) => runSpread({ learns: true, ...HOUSE, ...asked, seed }));
  const mean = (of: (run: SpreadFigures) => number): number =>
    runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  return {
    calls: mean(({ calls }) => calls),
    refusedPerThousand: mean(({ refusedPerThousand }) => refusedPerThousand),
    exhausted: mean(({ exhausted }) => exhausted),
    imbalancePeak: mean(({ imbalancePeak }) => imbalancePeak),
    imbalanceMean: mean(({ imbalanceMean }) => imbalanceMean),
    waitMeanMs: mean(({ waitMeanMs }) => waitMeanMs),
    waitP99Ms: mean(({ waitP99Ms }) => waitP99Ms),
  };
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => (typeof cell === "number" ? cell.toFixed(cell < 10 ? 1 : 0) : cell)).join(" | ")} |`;
}

function tables(): string {
  const head = [
    row([
      "Load",
      "Scheme",
      "Refused per 1,000 calls",
      "Failed per 1,000",
      "Imbalance mean",
      "peak",
      "Wait mean ms",
      "p99 ms",
    ]),
    "|---|---|---|---|---|---|---|---|",
  ];
  const rows = LOADS_PERCENT.flatMap((loadPercent) =>
    SCHEMES.map((scheme) => {
      const run = measure({ scheme, loadPercent, reportEveryMs: 1_000 });
      return row([
        `${loadPercent} %`,
        scheme,
        run.refusedPerThousand,
        (1_000 * run.exhausted) / run.calls,
        run.imbalanceMean,
        run.imbalancePeak,
        run.waitMeanMs,
        run.waitP99Ms,
      ]);
    }),
  );
  return [...head, ...rows].join("\n");
}

function panel(title: string, of: (run: SpreadFigures) => number, loadPercent: number): Panel {
  return {
    title,
    at: AGES_MS.map((ms) => `${ms / 1_000} s`),
    lines: SCHEMES.map((scheme, index) => ({
      name: scheme,
      colour: COLOURS[index] ?? "#000",
      values: AGES_MS.map((reportEveryMs) => of(measure({ scheme, loadPercent, reportEveryMs }))),
    })),
  };
}

const { values } = parseArgs({ options: { table: { type: "boolean" }, svg: { type: "string" } } });
if (values.svg !== undefined) {
  const note = "8 dispatchers, 10 servers of 12 to 48 ports, calls of a minute; ages of load reports";
  const panels = [
    panel("Offers refused per 1,000 calls, load 95 %", ({ refusedPerThousand }) => refusedPerThousand, 95),
    panel("Fullest less emptiest server, % of ports, load 70 %", ({ imbalanceMean }) => imbalanceMean, 70),
  ];
  writeFileSync(values.svg, chartOf(panels, note));
}
if (values.table === true) process.stdout.write(`${tables()}\n`);
else {
  const second = { reportEveryMs: 1_000 } as const;
  const drawn = measure({ scheme: "low-load", loadPercent: 70, ...second });
  const turned = measure({ scheme: "round-robin", loadPercent: 70, ...second });
  const combined = measure({ scheme: "combination", loadPercent: 70, ...second });
  const full = measure({ scheme: "low-load", loadPercent: 120, ...second });
  const careless = measure({ scheme: "low-load", loadPercent: 120, ...second, learns: false });
  printBench({
    name: "spread",
    figures: {
      lowLoadRefusedPerThousand: drawn.refusedPerThousand,
      roundRobinRefusedPerThousand: turned.refusedPerThousand,
      combinationRefusedPerThousand: combined.refusedPerThousand,
      lowLoadWaitP99Ms: drawn.waitP99Ms,
      fullFailedPerThousand: (1_000 * full.exhausted) / full.calls,
      fullFailedUnlearnedPerThousand: (1_000 * careless.exhausted) / careless.calls,
      fullCallsShare: full.calls / careless.calls,
    },
    ratio: full.exhausted === 0 ? null : careless.exhausted / full.exhausted,
    against: "Requests failed in a house offered 120 %: dispatchers that learn nothing from refusals / ours",
    goals: [
      { figure: "lowLoadRefusedPerThousand", atMost: 10 },
      { figure: "fullFailedPerThousand", atMost: 20 },
      { figure: "fullCallsShare", atLeast: 0.9 },
    ],
    command: "node bench/spread.ts",
  });
}
