import { createKafkajsClient, type KafkaConnection } from "./kafkajs-client.ts";
import { toPortError } from "./kafkajs-errors.ts";

/** Which of `names` the brokers do not know. Needs no rights but to see them. Throws `LogUnavailableError`, `KafkaRefusalError`. */
export async function missingTopics(
  connection: KafkaConnection,
  names: readonly string[],
): Promise<readonly string[]> {
  const admin = createKafkajsClient(connection).admin();
  try {
    await admin.connect();
    const known = new Set(await admin.listTopics());
    return names.filter((name) => !known.has(name));
  } catch (error) {
    throw toPortError("look for the topics", error);
  } finally {
    await admin.disconnect();
  }
}
