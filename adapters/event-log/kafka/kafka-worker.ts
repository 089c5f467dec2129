/** `work`: this process's share of a group. The membership says which partitions; what becomes of them see held-partitions.ts. */
import {
  LogUnavailableError,
  type Ownership,
  type Task,
  type Worker,
} from "../../../domain/ports/event-log.ts";
import { LEAVE_WAIT_MS } from "../worker.ts";
import { createHeldPartitions } from "./held-partitions.ts";
import { startInputPump } from "./input-pump.ts";
import { ownKafkaPartition } from "./kafka-partition.ts";
import type { KafkaWiring } from "./kafka-wiring.ts";
import { type Membership, startMembership } from "./membership.ts";

/** `onEnd` is called when the worker has stopped or failed. */
export function startKafkaWorker(
  wiring: KafkaWiring,
  group: string,
  makeTask: (ownership: Ownership) => Task,
  onEnd: () => void,
): Worker {
  const { driver, clock, counts, operatorLog, sessionMs, nameOf } = wiring;
  const topic = nameOf("requests");
  const failed = Promise.withResolvers<void>();
  const pump = startInputPump(driver.openReader(), topic);
  const link = driver.openGroup({ group, topic, sessionMs, rebalanceMs: 2 * sessionMs + LEAVE_WAIT_MS });
  /** In a row. */
  let troubles = 0;

  const partitions = createHeldPartitions({
    own: (partition) => ownKafkaPartition(wiring, { group, partition, pump }, makeTask),
    clock,
    onDropped(partition, { how, epoch, error }) {
      operatorLog.warn("a partition was dropped", { group, partition, epoch, how, error });
    },
    onLost: () => membership.hurry(),
  });

  function trouble(error: unknown): void {
    troubles += 1;
    const passes = error instanceof LogUnavailableError;
    // An outage is told ever more rarely: after 1, 2, 4, 8 … rounds.
    if (passes && !isPowerOfTwo(troubles)) return;
    // A coordinator that has only just been named, or has moved, refuses once: nothing to wake anybody for.
    const tell = passes && troubles === 1 ? operatorLog.info : operatorLog.warn;
    tell("no round of the group", { group, inRow: troubles, error });
  }

  const membership: Membership = startMembership(
    link,
    { clock, sessionMs, partitions: counts.requests },
    {
      ...partitions,
      owned: partitions.all,
      alive() {
        troubles = 0;
        partitions.alive();
      },
      trouble,
    },
  );

  async function run(): Promise<void> {
    try {
      await Promise.race([membership.ended, pump.ended]);
    } finally {
      const abandoned = partitions.abandon();
      membership.stop();
      await abandoned;
      await pump.stop();
      await membership.ended.catch(trouble);
      onEnd();
    }
  }

  const finished = run();
  finished.catch(failed.reject);
  // Whoever does not watch a worker learns of its end when it stops it.
  failed.promise.catch(() => undefined);
  return {
    owned: partitions.kept,
    ended: failed.promise,
    async stop() {
      await partitions.leave();
      membership.stop();
      await finished.catch(() => undefined);
    },
  };
}

const isPowerOfTwo = (count: number): boolean => (count & (count - 1)) === 0;
