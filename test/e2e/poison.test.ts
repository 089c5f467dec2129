import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { EMBEDDED_PARTITIONS } from "../../adapters/event-log/partitions.ts";
import { openSqliteStore } from "../../adapters/event-log/sqlite/sqlite-store.ts";
import { packEnvelope } from "../../adapters/event-log/stored-record.ts";
import { createSystemClock } from "../../adapters/system/clock.ts";
import { createFakeOperatorLog } from "../support/fake-operator-log.ts";
import { freeAddress } from "../support/free-address.ts";
import { type Plant, type PoisonedHouse, poisonRecords, startPoisoned } from "./poison-records.ts";

let house: PoisonedHouse;

/** Into the file, past everything that encodes and checks. */
function plantInto(folder: string): Plant {
  return async (topic, partition, records) => {
    const store = openSqliteStore({
      path: join(folder, "log.db"),
      counts: EMBEDDED_PARTITIONS,
      clock: createSystemClock(),
      operatorLog: createFakeOperatorLog(),
      onSyncFailure: () => process.abort(),
    });
    const positions = await store.append(
      records.map(({ key, body, envelope }) => ({
        topic,
        partition,
        key: key ?? "",
        value: body,
        envelope: envelope === null ? "" : packEnvelope(envelope),
      })),
    );
    await store.close();
    return positions.map(({ offset }) => offset);
  };
}

describe("poison records on the embedded log", { timeout: 60_000 }, () => {
  beforeAll(async () => {
    house = await startPoisoned({}, await freeAddress(), plantInto);
  }, 60_000);
  afterAll(() => house?.stop());
  poisonRecords(() => house);
});
