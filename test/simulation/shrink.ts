/** Makes a failing scenario small: leaves out what the failure does not need, until nothing more can go. */
import type { Plant } from "./plant.ts";
import type { Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";

/** Runs that one shrinking may take. */
const SHRINK_RUNS_MAX = 300;

type Part = "requests" | "callers" | "faults";

function without(scenario: Scenario, part: Part, from: number, count: number): Scenario {
  const left = [...scenario[part].slice(0, from), ...scenario[part].slice(from + count)];
  return { ...scenario, [part]: left };
}

/** Smaller ones, the boldest first. */
function* smaller(scenario: Scenario): Iterable<Scenario> {
  for (const part of ["faults", "requests", "callers"] as const) {
    const { length } = scenario[part];
    for (let count = length; count >= 1; count = Math.floor(count / 2)) {
      for (let from = 0; from + count <= length; from += count) yield without(scenario, part, from, count);
    }
  }
  if (scenario.servers > 1) yield { ...scenario, servers: scenario.servers - 1 };
  if (scenario.dispatchers > 1) yield { ...scenario, dispatchers: 1 };
  if (scenario.ports > 1) yield { ...scenario, ports: scenario.ports - 1 };
  for (const fault of ["appendFails", "ackLost", "repeated", "torn"] as const) {
    if (scenario.log[fault] > 0) yield { ...scenario, log: { ...scenario.log, [fault]: 0 } };
  }
}

/** The smallest scenario found that still breaks `invariant`. */
export async function shrink(scenario: Scenario, invariant: string, plant: Plant): Promise<Scenario> {
  let best = scenario;
  let runs = 0;
  for (let progress = true; progress; ) {
    progress = false;
    for (const candidate of smaller(best)) {
      runs += 1;
      if (runs > SHRINK_RUNS_MAX) return best;
      const { violations } = await simulate(candidate, plant);
      if (violations[0]?.invariant !== invariant) continue;
      best = candidate;
      progress = true;
      break;
    }
  }
  return best;
}
