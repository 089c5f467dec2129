/** A history in the file of an embedded log, so that it can be forged with SQL. */
import { EMBEDDED_PARTITIONS } from "../../../adapters/event-log/partitions.ts";
import { openSqliteStore } from "../../../adapters/event-log/sqlite/sqlite-store.ts";
import { createSystemClock } from "../../../adapters/system/clock.ts";
import type { TopicName } from "../../../domain/ports/event-log.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import type { AnyRecord, History } from "./audited-history.ts";

function stored(topic: TopicName, record: AnyRecord) {
  const { partition, key, proof } = record;
  if (proof === undefined) throw new Error("read without proofs");
  const link = proof.chain === null ? "" : `,"${Buffer.from(proof.chain, "hex").toString("base64url")}"`;
  return { topic, partition, key, value: proof.body, envelope: `${proof.envelope.slice(0, -1)}${link}]` };
}

export async function writeHistoryFile(history: History, path: string): Promise<void> {
  const store = openSqliteStore({
    path,
    counts: EMBEDDED_PARTITIONS,
    clock: createSystemClock(),
    operatorLog: createFakeOperatorLog(),
    onSyncFailure: () => process.abort(),
  });
  for (const [topic, partitions] of Object.entries(history) as [TopicName, AnyRecord[][]][])
    for (const records of partitions) await store.append(records.map((record) => stored(topic, record)));
  await store.close();
}
