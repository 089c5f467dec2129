/**
 * What a dispatcher's commit costs through Kafka: events, state and an offer in one transaction, fenced, chained,
 * durable. Against bare transactions of kafkajs in the same run: the same records, encoded beforehand, one
 * `sendBatch` and the commit, without a fence, a chain, or any care for what may go wrong.
 * `node bench/log-commits.ts --kafka`
 */
import kafkajs from "kafkajs";
import { toOutgoing } from "../adapters/event-log/kafka/kafka-record.ts";
import type { Outputs, Ownership } from "../domain/ports/event-log.ts";
import { LOCK_IDS } from "../schemas/schema-ids.ts";
import { eventEntry, offerEntry, stateEntry } from "../test/contract/event-log-entries.ts";
import { createRecorder } from "../test/contract/event-log-recorder.ts";
import { openBareProducer } from "./bare-commits.ts";
import { printBench } from "./bench-line.ts";
import { type KafkaBench, startKafkaBench } from "./kafka-bench.ts";
import { percentile } from "./percentile.ts";

const NAME = "log-commits-kafka";
const COMMAND = "node bench/log-commits.ts --kafka";
const PARTITIONS = 8;
/** One cause at a time, as at night: nothing waits behind anything. */
const SINGLES = 150;
const PAUSE_MS = 25;
/** As many as a task handles at once, on every partition, as fast as they go. */
const CAUSES = 100;
const ROUNDS = 3;
const COMMITS = 10;
/** About what a Request's state weighs. */
const SNAPSHOT = "x".repeat(600);

const kafka = await startKafkaBench(NAME, COMMAND);
try {
  const log = kafka.openLog("bench");
  const recorder = createRecorder();
  const worker = log.work("bench", recorder.makeTask);
  await recorder.until(() => recorder.living().length === PARTITIONS);
  const owners = [...Array(PARTITIONS).keys()].map((partition) => recorder.at(partition)?.ownership);
  const ours = owners.flatMap((owner) => (owner === undefined ? [] : [commitOf(owner)]));
  const bare = await Promise.all([...Array(PARTITIONS).keys()].map((partition) => bareOf(kafka, partition)));
  for (const { commit } of [...ours, ...bare]) for (let turn = 0; turn < 10; turn += 1) await commit(CAUSES);
  const singles = await singleLatencies();
  const rates = await ratesInTurn();
  await worker.stop();
  for (const { close } of bare) await close();
  printBench({
    name: NAME,
    figures: {
      singleP50Ms: percentile(singles.ours, 0.5),
      singleP99Ms: percentile(singles.ours, 0.99),
      bareSingleP50Ms: percentile(singles.bare, 0.5),
      bareSingleP99Ms: percentile(singles.bare, 0.99),
      causesPerSecond: percentile(rates.ours, 0.5),
      bareCausesPerSecond: percentile(rates.bare, 0.5),
      causesPerCommit: CAUSES,
      partitions: PARTITIONS,
    },
    ratio: percentile(rates.ours, 0.5) / percentile(rates.bare, 0.5),
    against: "causes per second committed by owners / by bare kafkajs transactions of the same records",
    goals: [
      { figure: "singleP50Ms", atMost: 5 },
      { figure: "causesPerSecond", atLeast: 5_000 },
      { figure: "ratio", atLeast: 0.4 },
    ],
    command: COMMAND,
  });

  async function singleLatencies() {
    const [one, floor] = [ours[0], bare[0]];
    const times = { ours: [] as number[], bare: [] as number[] };
    for (let turn = 0; turn < SINGLES; turn += 1) {
      if (one !== undefined) times.ours.push(await timed(() => one.commit(1)));
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      if (floor !== undefined) times.bare.push(await timed(() => floor.commit(1)));
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return times;
  }

  async function ratesInTurn() {
    const measured = { ours: [] as number[], bare: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      measured.bare.push(await rateOf(bare));
      measured.ours.push(await rateOf(ours));
    }
    return measured;
  }
} finally {
  await kafka.stop();
}

type Committer = { readonly commit: (causes: number) => Promise<unknown> };

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** Causes per second, all partitions at once. */
async function rateOf(committers: readonly Committer[]): Promise<number> {
  const elapsedMs = await timed(() =>
    Promise.all(
      committers.map(async ({ commit }) => {
        for (let turn = 0; turn < COMMITS; turn += 1) await commit(CAUSES);
      }),
    ),
  );
  return (committers.length * COMMITS * CAUSES * 1_000) / elapsedMs;
}

/** Per cause two events, a state and an offer: what a Request that is dispatched at once brings. */
function outputsOf(partition: number, causes: number): Outputs {
  const numbers = [...Array(causes).keys()];
  return {
    events: numbers
      .flatMap((number) => [`a-${number}`, `b-${number}`])
      .map((fact) => eventEntry(fact, partition)),
    state: numbers.map((number) => stateEntry(`rq-${number}`, SNAPSHOT, partition)),
    offers: numbers.map(() => offerEntry(partition)),
    handledUpTo: null,
  };
}

function commitOf(owner: Ownership): Committer {
  return { commit: (causes) => owner.commit(outputsOf(owner.partition, causes)) };
}

async function bareOf(
  { client, nameOf }: KafkaBench,
  partition: number,
): Promise<Committer & { readonly close: () => Promise<void> }> {
  const producer = await openBareProducer(client, partition);
  const encoded = new Map<number, ReturnType<typeof messagesOf>>();
  return {
    async commit(causes) {
      const topicMessages = encoded.get(causes) ?? messagesOf(nameOf, partition, causes);
      encoded.set(causes, topicMessages);
      const transaction = await producer.transaction();
      await transaction.sendBatch({ acks: -1, compression: kafkajs.CompressionTypes.ZSTD, topicMessages });
      await transaction.commit();
    },
    close: () => producer.disconnect(),
  };
}

function messagesOf(nameOf: KafkaBench["nameOf"], partition: number, causes: number) {
  const { events, state, offers } = outputsOf(partition, causes);
  const records = {
    events: events.map((entry) => toOutgoing("events", entry, LOCK_IDS)),
    state: state.map((entry) => toOutgoing("state", entry, LOCK_IDS)),
    offers: offers.map((entry) => toOutgoing("offers", entry, LOCK_IDS)),
  };
  return (["events", "state", "offers"] as const).map((topic) => ({
    topic: nameOf(topic),
    messages: records[topic].map(({ key, value, headers }) => ({
      key,
      value,
      headers: { ...headers },
      partition: topic === "offers" ? partition % 4 : partition,
    })),
  }));
}
