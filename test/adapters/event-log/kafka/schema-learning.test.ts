import { expect, test } from "vitest";
import type {
  FetchedPart,
  FetchedRecord,
  KafkaDriver,
  KafkaReader,
} from "../../../../adapters/event-log/kafka/kafka-driver.ts";
import { toOutgoing } from "../../../../adapters/event-log/kafka/kafka-record.ts";
import { learningDriver } from "../../../../adapters/event-log/kafka/schema-learning.ts";
import { instant } from "../../../../domain/kernel/time.ts";
import { LogUnavailableError } from "../../../../domain/ports/event-log.ts";
import { LOCK_IDS } from "../../../../schemas/schema-ids.ts";
import { inputEntry, stateEntry } from "../../../contract/event-log-entries.ts";

const UNKNOWN = 999_999;
const NEWER = "urn:reveille:schema:requests-reveille.requests.CancelRequest:99";

function fetched(change: Partial<FetchedRecord> = {}): FetchedRecord {
  return { offset: 0, appendedAt: instant(1), ...toOutgoing("requests", inputEntry(1), LOCK_IDS), ...change };
}

/** As a newer release would write it, with a schema of its own. */
function ofNewerRelease(id: number): FetchedRecord {
  const record = fetched();
  const value = Buffer.from(record.value ?? []);
  value.writeInt32BE(id, 1);
  return { ...record, value, headers: { ...record.headers, ce_dataschema: NEWER } };
}

function readerOver(
  records: readonly FetchedRecord[],
  learn: (ids: ReadonlySet<number>) => Promise<void>,
): KafkaReader {
  const part: FetchedPart = { partition: 0, from: 0, records, next: records.length };
  const reader: KafkaReader = {
    bounds: async () => new Map(),
    fetch: async () => [part],
    readAt: async () => part,
    groupPosition: async () => null,
    close: async () => undefined,
  };
  const driver = { openReader: () => reader } as unknown as KafkaDriver;
  return learningDriver(driver, { ...LOCK_IDS, learn }).openReader();
}

test("records that name a schema of ours are handed on without a question, whatever their id", async () => {
  const asked: ReadonlySet<number>[] = [];
  const renumbered = Buffer.from(fetched().value ?? []);
  renumbered.writeInt32BE(UNKNOWN, 1);
  const tombstone = {
    ...toOutgoing("state", stateEntry("gone", null), LOCK_IDS),
    offset: 1,
    appendedAt: instant(1),
  };
  const reader = readerOver([fetched(), fetched({ value: renumbered }), tombstone], async (ids) => {
    asked.push(ids);
  });
  expect((await reader.fetch("t", new Map()))[0]?.records).toHaveLength(3);
  expect((await reader.readAt("t", 0, 0)).records).toHaveLength(3);
  expect(asked).toEqual([]);
});

test("what a newer release has written is asked for before it is handed on, each id once a fetch", async () => {
  const asked: ReadonlySet<number>[] = [];
  const records = [ofNewerRelease(UNKNOWN), ofNewerRelease(UNKNOWN), ofNewerRelease(UNKNOWN + 1)];
  const reader = readerOver(records, async (ids) => void asked.push(ids));
  await reader.readAt("t", 0, 0);
  expect(asked).toEqual([new Set([UNKNOWN, UNKNOWN + 1])]);
});

test("bytes without a schema's id are nobody's to explain", async () => {
  const asked: ReadonlySet<number>[] = [];
  const nonsense = fetched({ value: Buffer.from([7]), headers: {} });
  await readerOver([nonsense], async (ids) => void asked.push(ids)).readAt("t", 0, 0);
  expect(asked).toEqual([]);
});

test("while nobody can be asked nothing is handed on: the same records are fetched again", async () => {
  const reader = readerOver([ofNewerRelease(UNKNOWN)], async () => {
    throw new LogUnavailableError("the registry is away");
  });
  await expect(reader.fetch("t", new Map())).rejects.toThrow(LogUnavailableError);
  await expect(reader.readAt("t", 0, 0)).rejects.toThrow(LogUnavailableError);
});
