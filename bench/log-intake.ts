/**
 * What a gateway's appends cost through Kafka: many callers, each with one record to whatever partition it falls
 * into, acknowledged by every broker that must have it. Against kafkajs's bare `producer.send` of the same records,
 * encoded beforehand, in batches of the size that ours came to, one after the other.
 * `node bench/log-intake.ts --kafka`
 */
import kafkajs from "kafkajs";
import { toOutgoing } from "../adapters/event-log/kafka/kafka-record.ts";
import type { Entry } from "../domain/ports/event-log.ts";
import { LOCK_IDS } from "../schemas/schema-ids.ts";
import { inputEntry } from "../test/contract/event-log-entries.ts";
import { printBench } from "./bench-line.ts";
import { startKafkaBench } from "./kafka-bench.ts";
import { percentile } from "./percentile.ts";

const NAME = "log-intake-kafka";
const COMMAND = "node bench/log-intake.ts --kafka";
const PARTITIONS = 8;
/** Each waits for its acknowledgement, then appends the next. */
const CALLERS = 256;
const SECONDS = 3;
const ROUNDS = 3;
/** A rate far below the limit, to see what a single one waits. */
const CALM_PER_SECOND = 200;

const kafka = await startKafkaBench(NAME, COMMAND);
try {
  const log = kafka.openLog("bench");
  const producer = kafka.client.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  await appendAll(1, () => log.append("requests", [entry(0)]));
  const rounds = { ours: [] as number[], bare: [] as number[], latencies: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const ours = await appendAll(SECONDS, (number) => log.append("requests", [entry(number)]));
    rounds.ours.push(ours.perSecond);
    rounds.latencies.push(...ours.latenciesMs);
    rounds.bare.push(await bareRate(producer));
  }
  const calm = await calmLatencies(() => log.append("requests", [entry(1)]));
  await producer.disconnect();
  printBench({
    name: NAME,
    figures: {
      callers: CALLERS,
      perSecond: percentile(rounds.ours, 0.5),
      p50Ms: percentile(rounds.latencies, 0.5),
      p99Ms: percentile(rounds.latencies, 0.99),
      calmPerSecond: CALM_PER_SECOND,
      calmP50Ms: percentile(calm, 0.5),
      calmP99Ms: percentile(calm, 0.99),
      barePerSecond: percentile(rounds.bare, 0.5),
      bareBatch: CALLERS,
    },
    ratio: percentile(rounds.ours, 0.5) / percentile(rounds.bare, 0.5),
    against: "records acknowledged per second, one per call / by bare kafkajs sends of as many at a time",
    goals: [{ figure: "ratio", atLeast: 0.5 }],
    command: COMMAND,
  });
} finally {
  await kafka.stop();
}

function entry(number: number): Entry<"requests"> {
  return inputEntry(number, number % PARTITIONS);
}

async function appendAll(
  seconds: number,
  append: (number: number) => Promise<unknown>,
): Promise<{ readonly perSecond: number; readonly latenciesMs: readonly number[] }> {
  const begun = performance.now();
  const end = begun + seconds * 1_000;
  const latenciesMs: number[] = [];
  let number = 0;
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (performance.now() < end) {
        const since = performance.now();
        number += 1;
        await append(number);
        latenciesMs.push(performance.now() - since);
      }
    }),
  );
  return { perSecond: (latenciesMs.length * 1_000) / (performance.now() - begun), latenciesMs };
}

async function calmLatencies(append: () => Promise<unknown>): Promise<readonly number[]> {
  const latenciesMs: number[] = [];
  const under: Promise<void>[] = [];
  for (let index = 0; index < CALM_PER_SECOND * SECONDS; index += 1) {
    const since = performance.now();
    under.push(append().then(() => void latenciesMs.push(performance.now() - since)));
    await new Promise((resolve) => setTimeout(resolve, 1_000 / CALM_PER_SECOND));
  }
  await Promise.all(under);
  return latenciesMs;
}

async function bareRate(producer: kafkajs.Producer): Promise<number> {
  const messages = Array.from({ length: CALLERS }, (_, number) => {
    const { key, value, headers } = toOutgoing("requests", entry(number), LOCK_IDS);
    return { key, value, headers: { ...headers }, partition: number % PARTITIONS };
  });
  const begun = performance.now();
  const end = begun + SECONDS * 1_000;
  let sent = 0;
  while (performance.now() < end) {
    await producer.send({
      topic: kafka.nameOf("requests"),
      acks: -1,
      compression: kafkajs.CompressionTypes.ZSTD,
      messages,
    });
    sent += messages.length;
  }
  return (sent * 1_000) / (performance.now() - begun);
}
