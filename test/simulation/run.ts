/** `node test/simulation/run.ts --seeds N --first S`: many seeds, progress, and the seeds that failed. */
import { parseArgs } from "node:util";
import { NO_PLANT } from "./plant.ts";
import { scenarioOf } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    first: { type: "string", default: "1" },
    shrink: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
const seeds = Number(values.seeds);
const first = Number(values.first);
if (!Number.isSafeInteger(seeds) || !Number.isSafeInteger(first) || seeds < 1) {
  throw new Error(
    `sim: --seeds ${values.seeds} --first ${values.first}: give two whole numbers, the first above 0`,
  );
}

const PROGRESS_EVERY = 100;
const began = performance.now();
let failures = 0;
let steps = 0;
let calls = 0;
for (let seed = first; seed < first + seeds; seed += 1) {
  const outcome = await simulate(scenarioOf(seed));
  steps += outcome.steps;
  calls += outcome.calls;
  const [violation] = outcome.violations;
  if (violation !== undefined) {
    failures += 1;
    const shown = values.verbose ? outcome.violations : [violation];
    for (const { invariant, what } of shown) console.log(`seed ${seed}: ${invariant}: ${what}`);
    if (values.shrink) {
      const small = await shrink(scenarioOf(seed), violation.invariant, NO_PLANT);
      console.log(`seed ${seed} shrunk: ${JSON.stringify(small)}`);
    }
  }
  const done = seed - first + 1;
  if (done % PROGRESS_EVERY === 0) {
    const perSecond = (done * 1_000) / (performance.now() - began);
    console.log(`${done} seeds, ${steps} steps, ${calls} calls, ${perSecond.toFixed(0)} seeds/s`);
  }
}
if (failures > 0) process.exitCode = 1;
console.log(`${seeds} seeds, ${failures} failures`);
