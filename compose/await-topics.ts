/**
 * A role that comes up before its brokers, or before its topics, waits for them and says so: whoever starts a
 * whole installation at once need not care about the order. What waiting can't mend (rights, a wrong password,
 * another number of partitions) ends the process instead.
 */
import type { KafkaConnection } from "../adapters/event-log/kafka/kafkajs-client.ts";
import { missingTopics } from "../adapters/event-log/kafka/missing-topics.ts";
import type { TopicPlan } from "../adapters/event-log/kafka/topics.ts";
import { milliseconds } from "../domain/kernel/time.ts";
import type { Clock } from "../domain/ports/clock.ts";
import { LogUnavailableError } from "../domain/ports/event-log.ts";
import type { TellWaiting } from "./role.ts";

const LOOK_AGAIN_MS = milliseconds(500);
/** What is waited for is told once, and again after so long: a look may take seconds itself. */
const TELL_AGAIN_MS = 10_000;

/** Waits for as long as it takes. Throws `KafkaRefusalError`. */
export async function awaitTopics(
  connection: KafkaConnection,
  plans: readonly TopicPlan[],
  clock: Clock,
  tell: TellWaiting,
): Promise<void> {
  let told = { what: "", at: 0 };
  for (;;) {
    const what = await look(connection, plans);
    if (what === null) return;
    const at = clock.monotonic();
    if (what !== told.what || at - told.at >= TELL_AGAIN_MS) {
      told = { what, at };
      tell(what);
    }
    await new Promise<void>((resolve) => void clock.schedule(LOOK_AGAIN_MS, resolve));
  }
}

/** What is not there yet, in words; null: everything is. */
async function look(connection: KafkaConnection, plans: readonly TopicPlan[]): Promise<string | null> {
  try {
    const missing = await missingTopics(
      connection,
      plans.map(({ name }) => name),
    );
    if (missing.length === 0) return null;
    return `the topics ${missing.join(", ")}: make them with "reveille topics apply"`;
  } catch (error) {
    if (!(error instanceof LogUnavailableError)) throw error;
    return `the brokers (${connection.brokers.join(", ")}): ${error.message}`;
  }
}
