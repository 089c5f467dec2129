/**
 * `npm run chaos -- [--log embedded|kafka] [--minutes 3] [--rate 10] [--seed 1] [--brokers 1|3] [--json]`: kills the
 * roles of an installation for so long, lets it come to rest, and prints what is left. Exit code 1 where an
 * invariant did not hold. The measure of `--rate` is what the machine can carry beside all the processes.
 */
import { parseArgs } from "node:util";
import { runChaos } from "./chaos.ts";
import type { ChaosOptions } from "./chaos-result.ts";
import { chaosTable } from "./chaos-table.ts";
import { startKafkaStage } from "./kafka-stage.ts";

const { values } = parseArgs({
  options: {
    log: { type: "string", default: "embedded" },
    minutes: { type: "string", default: "3" },
    rate: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    every: { type: "string", default: "5" },
    brokers: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw new Error(`chaos: --${name} ${text}: give a number from ${least} to ${most}`);
}

if (values.log !== "embedded" && values.log !== "kafka") {
  throw new Error(`chaos: --log ${values.log}: give embedded or kafka`);
}
const kafka = values.log === "kafka" ? await startKafkaStage(values.brokers === "3" ? 3 : 1) : null;
const options: ChaosOptions = {
  log: values.log,
  seconds: number("minutes", values.minutes, 0.2, 600) * 60,
  perSecond: number("rate", values.rate, 1, 500),
  seed: number("seed", values.seed, 0, 4_294_967_295),
  everyMs: number("every", values.every, 0.5, 600) * 1_000,
  servers: 3,
  dispatchers: 2,
  reporting: true,
  settings: kafka?.settings ?? {},
  brokers: kafka?.brokers ?? null,
  network: kafka?.network ?? null,
  script: null,
  keep: values.keep,
  say: (line) => void process.stderr.write(`${line}\n`),
};
try {
  const result = await runChaos(options);
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : chaosTable(result));
  process.exitCode = result.violations.length === 0 ? 0 : 1;
} finally {
  await kafka?.stop();
}
