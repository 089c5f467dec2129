/** `npm run sim`: many seeds, or the planted bugs; see `run-options.ts`. */
import { catchRateOf } from "./catch-rates.ts";
import { mixedOf } from "./focused-scenarios.ts";
import { NO_PLANT } from "./plant.ts";
import { PLANTED_BUGS, type PlantedBug } from "./planted-bugs.ts";
import { HELP, parseRunOptions, type RunOptions } from "./run-options.ts";
import type { Scenario } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulate.ts";
import type { Violation } from "./violation.ts";

const PROGRESS_EVERY = 100;
const CPU_US_PER_SECOND = 1_000_000;

type FailedSeed = {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly shrunk: Scenario | null;
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/** Of this process alone: what others do on the machine does not count. */
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / CPU_US_PER_SECOND;
};

function sayFailed({ seed, violations, shrunk }: FailedSeed): void {
  for (const { invariant, what } of violations) say(`seed ${seed}: ${invariant}: ${what}`);
  if (shrunk !== null) say(`seed ${seed} shrunk: ${JSON.stringify(shrunk)}`);
}

async function runSeeds(options: RunOptions): Promise<void> {
  const { first, seeds } = options;
  const began = cpuSeconds();
  const failed: FailedSeed[] = [];
  let steps = 0;
  let calls = 0;
  for (let done = 0; done < seeds; done += 1) {
    const outcome = await simulate(mixedOf(first + done));
    steps += outcome.steps;
    calls += outcome.calls;
    if (outcome.violations.length > 0) {
      const one = await failedSeed(first + done, outcome.violations, options);
      failed.push(one);
      if (!options.json) sayFailed(one);
    }
    if ((done + 1) % PROGRESS_EVERY === 0) {
      const rate = ((done + 1) / (cpuSeconds() - began)).toFixed(0);
      tell(
        `${done + 1} seeds, ${failed.length} failures, ${steps} steps, ${calls} calls, ${rate} seeds per CPU second`,
      );
    }
  }
  const cpu = cpuSeconds() - began;
  if (options.json)
    say(JSON.stringify({ first, seeds, failures: failed.length, steps, calls, cpuSeconds: cpu, failed }));
  if (failed.length > 0) process.exitCode = 1;
  say(`${seeds} seeds, ${failed.length} failures`);
}

async function failedSeed(
  seed: number,
  violations: readonly Violation[],
  options: RunOptions,
): Promise<FailedSeed> {
  const [violation] = violations;
  const isShrunk = options.shrink && violation !== undefined;
  const shrunk = isShrunk ? await shrink(mixedOf(seed), violation.invariant, NO_PLANT) : null;
  return { seed, violations: options.verbose ? violations : violations.slice(0, 1), shrunk };
}

async function runPlanted({ seeds, json }: RunOptions): Promise<void> {
  const rates = [];
  for (const bug of Object.keys(PLANTED_BUGS) as PlantedBug[]) {
    const rate = await catchRateOf(bug, seeds);
    rates.push(rate);
    if (rate.caught === 0) process.exitCode = 1;
    const first = rate.first === null ? "never" : `first seed ${rate.first.seed} (${rate.first.invariant})`;
    const seenAs = Object.entries(rate.seenAs).map(([invariant, count]) => `${invariant} ${count}`);
    if (!json) say(`${rate.caught} of ${seeds}\t${first}\t${seenAs.join(", ")}\t${bug}`);
  }
  if (json) say(JSON.stringify(rates));
  say(`${rates.length} planted bugs, ${rates.filter(({ caught }) => caught === 0).length} not caught`);
}

const options = parseRunOptions(process.argv.slice(2));
// Hundreds of thousands of errors are expected here, and nobody reads where they were made.
Error.stackTraceLimit = 0;
if (options.help) process.stdout.write(HELP);
else if (options.planted) await runPlanted(options);
else await runSeeds(options);
