import { describe, expect, test } from "vitest";
import { AHEAD_RECORDS_MAX, startInputPump } from "../../../../adapters/event-log/kafka/input-pump.ts";
import { type KafkaReader, LogGapError } from "../../../../adapters/event-log/kafka/kafka-driver.ts";
import { INPUT_BATCH_MAX } from "../../../../adapters/event-log/owned-partition.ts";
import { createFakeReader, fetchedPart } from "./fake-reader.ts";

/** A reader that brings `count` records of each partition asked for, and remembers what it was asked. */
function endless(count: number) {
  const asked: number[][] = [];
  const fetch: KafkaReader["fetch"] = async (_topic, cursors) => {
    asked.push([...cursors.keys()]);
    await new Promise((resolve) => setImmediate(resolve));
    return [...cursors].map(([partition, from]) => fetchedPart(partition, from, count));
  };
  return { asked, reader: createFakeReader({ fetch }) };
}

describe("the inputs of a worker", () => {
  test("come in order, a hundred at most at once", async () => {
    const { reader } = endless(250);
    const pump = startInputPump(reader, "requests");
    const inputs = pump.open(3, 10);
    const batches = [await inputs.take(), await inputs.take(), await inputs.take()];
    expect(batches.every((batch) => batch.length <= INPUT_BATCH_MAX)).toBe(true);
    const offsets = batches.flat().map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.map((_, nth) => 10 + nth));
    await pump.stop();
  });

  test("of a task that does not take any are fetched ahead up to a limit, and the others' still come", async () => {
    const { reader, asked } = endless(AHEAD_RECORDS_MAX);
    const pump = startInputPump(reader, "requests");
    pump.open(0, 0);
    const other = pump.open(1, 0);
    for (let taken = 0; taken < 3 * AHEAD_RECORDS_MAX; ) taken += (await other.take()).length;
    const slow = asked.filter((partitions) => partitions.includes(0));
    expect(slow.length).toBe(1);
    await pump.stop();
  });

  test("that the log no longer has fail their partition alone", async () => {
    const gap = new LogGapError("cut off", 0);
    const fetch: KafkaReader["fetch"] = async (_topic, cursors) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (cursors.has(0)) throw gap;
      return [...cursors].map(([partition, from]) => fetchedPart(partition, from, 1));
    };
    const pump = startInputPump(createFakeReader({ fetch }), "requests");
    const [cut, whole] = [pump.open(0, 0), pump.open(1, 0)];
    await expect(cut.take()).rejects.toBe(gap);
    expect((await whole.take()).length).toBeGreaterThan(0);
    await pump.stop();
  });

  test("end for whoever waits when the partition is given back", async () => {
    const pump = startInputPump(endless(0).reader, "requests");
    const inputs = pump.open(0, 0);
    const waiting = inputs.take();
    inputs.close();
    expect(await waiting).toEqual([]);
    await pump.stop();
  });
});
