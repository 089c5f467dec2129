import { createKafkajsClient, type KafkaConnection } from "./kafkajs-client.ts";
import { toPortError } from "./kafkajs-errors.ts";

/** Takes topics away with all that is in them: for trials. Those that are not there are no matter. Throws as `applyTopics` does. */
export async function dropTopics(connection: KafkaConnection, names: readonly string[]): Promise<void> {
  const admin = createKafkajsClient(connection).admin();
  try {
    await admin.connect();
    const known = new Set(await admin.listTopics());
    const topics = names.filter((name) => known.has(name));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } catch (error) {
    throw toPortError("take the topics away", error);
  } finally {
    await admin.disconnect();
  }
}
