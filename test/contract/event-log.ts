/**
 * What any event log must do, whatever it is made of. Each adapter's test calls this with a way to open the same
 * log several times, as several processes would.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Delivered, EventLog, TopicName } from "../../domain/ports/event-log.ts";
import { OwnershipLostError } from "../../domain/ports/event-log.ts";
import { eventEntry, inputEntry, offerEntry, stateEntry } from "./event-log-entries.ts";
import { proofsContract } from "./event-log-proofs.ts";
import { createRecorder, outputsOf } from "./event-log-recorder.ts";
import { isMark } from "./event-log-seen.ts";
import type { LogHouse } from "./log-house.ts";

const GROUP = "dispatcher";

async function readAll<Topic extends TopicName>(
  log: EventLog,
  topic: Topic,
  partition: number,
  range?: { from?: number; to?: number },
): Promise<readonly Delivered<Topic>[]> {
  const all: Delivered<Topic>[] = [];
  for await (const batch of log.read(topic, partition, range)) all.push(...batch);
  return all;
}

function ids(records: readonly Delivered<TopicName>[]): readonly string[] {
  return records.map((record) => (record.ok ? record.envelope.id : `unreadable@${record.offset}`));
}

export function eventLogContract(name: string, makeHouse: () => Promise<LogHouse>): void {
  describe(`event log: ${name}`, () => {
    let house: LogHouse;
    let log: EventLog;

    beforeEach(async () => {
      house = await makeHouse();
      log = house.open("first").log;
    });
    afterEach(() => house.close());

    test("a partition keeps the order in which its records were appended", async () => {
      for (let number = 0; number < 30; number += 1)
        await log.append("requests", [inputEntry(number, number % 3)]);
      expect(ids(await readAll(log, "requests", 1))).toEqual(
        [1, 4, 7, 10, 13, 16, 19, 22, 25, 28].map((n) => `in-${n}`),
      );
    });

    test("an append answers with the positions of its records, in the order given", async () => {
      const { positions } = await log.append("requests", [
        inputEntry(1, 2),
        inputEntry(2, 5),
        inputEntry(3, 2),
      ]);
      expect(positions.map((position) => position.partition)).toEqual([2, 5, 2]);
      const [first, , third] = positions;
      expect(third?.offset).toBeGreaterThan(first?.offset ?? 0);
    });

    test("many appends at once are all there, none twice", async () => {
      const numbers = Array.from({ length: 300 }, (_, number) => number);
      await Promise.all(numbers.map((number) => log.append("requests", [inputEntry(number)])));
      const found = ids(await readAll(log, "requests", 0));
      expect(found.toSorted()).toEqual(numbers.map((number) => `in-${number}`).toSorted());
    });

    test("what was appended comes back as it was: key, envelope and message", async () => {
      const entry = inputEntry(7, 3);
      await log.append("requests", [entry]);
      const [record] = await readAll(log, "requests", 3);
      expect(record).toMatchObject({
        ok: true,
        key: entry.key,
        envelope: entry.envelope,
        message: entry.message,
      });
    });

    test("an append of nothing is done at once", async () => {
      expect((await log.append("requests", [])).positions).toEqual([]);
    });

    test("a replay reads from the first offset up to, not including, the last", async () => {
      await log.append(
        "requests",
        [1, 2, 3, 4, 5].map((number) => inputEntry(number)),
      );
      const all = await readAll(log, "requests", 0);
      const [from, to] = [all[1]?.offset ?? 0, all[4]?.offset ?? 0];
      expect(ids(await readAll(log, "requests", 0, { from, to }))).toEqual(["in-2", "in-3", "in-4"]);
    });

    test("what was appended ahead is there for everybody before what is appended next", async () => {
      const positions = await log.appendAhead("requests", [inputEntry(1, 2), inputEntry(2, 5)]);
      expect(positions.map(({ partition }) => partition)).toEqual([2, 5]);
      const other = house.open("second").log;
      expect(ids(await readAll(other, "requests", 2))).toEqual(["in-1"]);
      const after = await log.append("requests", [inputEntry(3, 2)]);
      expect(after.positions[0]?.offset).toBeGreaterThan(positions[0]?.offset ?? Number.MAX_SAFE_INTEGER);
      expect(ids(await readAll(other, "requests", 2))).toEqual(["in-1", "in-3"]);
    });

    test("a replay of more than one batch misses nothing", async () => {
      await log.append(
        "requests",
        Array.from({ length: 1_201 }, (_, number) => inputEntry(number)),
      );
      expect(await readAll(log, "requests", 0)).toHaveLength(1_201);
    });

    test("a record that nobody can read is delivered as such, and its partition goes on", async () => {
      await log.append("requests", [inputEntry(1)]);
      await house.plantGarbage("requests", 0);
      await log.append("requests", [inputEntry(2)]);
      const all = await readAll(log, "requests", 0);
      expect(all.map((record) => record.ok)).toEqual([true, false, true]);
      expect(all[1]).toMatchObject({ ok: false, reason: expect.any(String) });
    });

    test("a message that does not fit its schema is refused before anything is written", async () => {
      const broken = { ...inputEntry(1), message: { type: "CancelRequest" } } as ReturnType<
        typeof inputEntry
      >;
      await expect(log.append("requests", [inputEntry(2), broken])).rejects.toMatchObject({
        retryable: false,
      });
      expect(await readAll(log, "requests", 0)).toEqual([]);
    });

    describe("follow", () => {
      test("from the start: what was there, then what comes", async () => {
        await log.append("requests", [inputEntry(1), inputEntry(2)]);
        const seen: string[] = [];
        const third = Promise.withResolvers<void>();
        const subscription = log.follow("requests", "start", (records) => {
          seen.push(...ids(records));
          if (seen.length === 3) third.resolve();
        });
        await subscription.caughtUp;
        expect(seen).toEqual(["in-1", "in-2"]);
        await log.append("requests", [inputEntry(3)]);
        await third.promise;
        await subscription.stop();
        expect(seen).toEqual(["in-1", "in-2", "in-3"]);
      });

      test("from the end: only what comes", async () => {
        await log.append("requests", [inputEntry(1)]);
        const next = Promise.withResolvers<readonly string[]>();
        const subscription = log.follow("requests", "end", (records) => next.resolve(ids(records)));
        await subscription.caughtUp;
        await log.append("requests", [inputEntry(2)]);
        expect(await next.promise).toEqual(["in-2"]);
        await subscription.stop();
      });

      test("after an offset of each partition; a partition not named from its start", async () => {
        const { positions } = await log.append("requests", [
          inputEntry(1, 0),
          inputEntry(2, 0),
          inputEntry(3, 1),
        ]);
        const seen: string[] = [];
        const after = new Map([[0, positions[0]?.offset ?? 0]]);
        const subscription = log.follow("requests", { after }, (records) => void seen.push(...ids(records)));
        await subscription.caughtUp;
        await subscription.stop();
        expect(seen.toSorted()).toEqual(["in-2", "in-3"]);
      });

      test("a record of another process arrives", async () => {
        const other = house.open("second").log;
        const arrived = Promise.withResolvers<readonly string[]>();
        const subscription = other.follow("load", "end", () => undefined);
        const requests = other.follow("requests", "end", (records) => arrived.resolve(ids(records)));
        // What is appended before it knows where the end is may lie before that.
        await requests.caughtUp;
        await log.append("requests", [inputEntry(9, 4)]);
        expect(await arrived.promise).toEqual(["in-9"]);
        await Promise.all([subscription.stop(), requests.stop()]);
      });

      test("the next batch waits for the handler", async () => {
        const gate = Promise.withResolvers<void>();
        let running = 0;
        let most = 0;
        let count = 0;
        const subscription = log.follow("requests", "start", async (records) => {
          running += 1;
          most = Math.max(most, running);
          count += records.length;
          await gate.promise;
          running -= 1;
        });
        await log.append("requests", [inputEntry(1, 0), inputEntry(2, 1), inputEntry(3, 2)]);
        gate.resolve();
        await log.append("requests", [inputEntry(4, 3)]);
        const rest = log.follow("requests", "start", () => undefined);
        await rest.caughtUp;
        await Promise.all([subscription.caughtUp, rest.stop()]);
        await subscription.stop();
        expect(most).toBe(1);
        expect(count).toBeGreaterThan(0);
      });

      test("a handler that throws ends its subscription and is told to whoever watches it", async () => {
        await log.append("requests", [inputEntry(1)]);
        const subscription = log.follow("requests", "start", () => {
          throw new Error("the view is broken");
        });
        await expect(subscription.ended).rejects.toThrow("the view is broken");
        await expect(subscription.caughtUp).rejects.toThrow("before it had caught up");
      });

      test("an empty topic is caught up at once", async () => {
        const subscription = log.follow("offers", "start", () => undefined);
        await expect(subscription.caughtUp).resolves.toBeUndefined();
        await subscription.stop();
      });
    });

    describe("work", () => {
      test("one process owns every partition, each with its own epoch in its marks", async () => {
        const recorder = createRecorder();
        const worker = log.work(GROUP, recorder.makeTask);
        await recorder.until(() => recorder.living().length === log.partitionCount("requests"));
        expect(worker.owned()).toEqual([...Array(log.partitionCount("requests")).keys()]);
        const [mark] = await readAll(log, "events", 5);
        const epoch = recorder.at(5)?.ownership.epoch;
        expect(mark).toMatchObject({ message: { type: "OwnershipTaken", owner: "first", epoch } });
        expect((await readAll(log, "state", 5)).map(isMark)).toEqual([true]);
        await worker.stop();
      });

      test("input is handled once and in order, and its outputs and position are committed together", async () => {
        const recorder = createRecorder();
        const worker = log.work(GROUP, recorder.makeTask);
        await log.append(
          "requests",
          Array.from({ length: 250 }, (_, number) => inputEntry(number, 2)),
        );
        await recorder.until(() => recorder.at(2)?.inputs.length === 250);
        await worker.stop();
        const events = (await readAll(log, "events", 2)).filter((record) => !isMark(record));
        expect(ids(events)).toEqual(Array.from({ length: 250 }, (_, number) => `ev-in-${number}`));
      });

      test("a commit writes events, state and offers, and tells the newest event's offset", async () => {
        const recorder = createRecorder();
        const worker = log.work(GROUP, recorder.makeTask);
        await recorder.until(() => recorder.at(1) !== undefined);
        const committed = await recorder.at(1)?.ownership.commit({
          events: [eventEntry("one", 1), eventEntry("two", 1)],
          state: [stateEntry("rq", "{}", 1)],
          offers: [offerEntry(1)],
          handledUpTo: null,
        });
        const events = await readAll(log, "events", 1);
        expect(committed?.eventsUpTo).toBe(events.at(-1)?.offset);
        expect((await readAll(log, "state", 1)).map((record) => record.key)).toEqual(["owner", "rq"]);
        expect(await readAll(log, "offers", 1)).toHaveLength(1);
        await worker.stop();
      });

      test("a commit that can't be encoded writes nothing at all and drops its task", async () => {
        const recorder = createRecorder();
        const worker = log.work(GROUP, recorder.makeTask);
        await recorder.until(() => recorder.at(0) !== undefined);
        const task = recorder.at(0);
        const broken = { ...eventEntry("bad"), message: { type: "FactIgnored" } } as ReturnType<
          typeof eventEntry
        >;
        const outputs = {
          events: [eventEntry("good"), broken],
          state: [],
          offers: [offerEntry(0)],
          handledUpTo: null,
        };
        await expect(task?.ownership.commit(outputs)).rejects.toThrow("FactIgnored");
        expect(task?.dropped).toBe(true);
        await recorder.until(() => recorder.at(0) !== undefined);
        expect(recorder.at(0)?.ownership.epoch).toBeGreaterThan(task?.ownership.epoch ?? 0);
        await worker.stop();
        expect((await readAll(log, "events", 0)).every(isMark)).toBe(true);
        expect(await readAll(log, "offers", 0)).toEqual([]);
      });

      test("an event of another partition is refused: an owner writes its own", async () => {
        const recorder = createRecorder();
        const worker = log.work(GROUP, recorder.makeTask);
        await recorder.until(() => recorder.at(0) !== undefined);
        const outputs = { events: [eventEntry("stray", 3)], state: [], offers: [], handledUpTo: null };
        await expect(recorder.at(0)?.ownership.commit(outputs)).rejects.toThrow("the owner has 0");
        await worker.stop();
      });

      test("the next owner is restored with state and events, then goes on after the committed input", async () => {
        const first = createRecorder();
        const worker = log.work(GROUP, first.makeTask);
        await log.append("requests", [inputEntry(1, 6), inputEntry(2, 6)]);
        await first.until(() => first.at(6)?.inputs.length === 2);
        await first.at(6)?.ownership.commit({
          events: [],
          state: [
            stateEntry("rq", "open", 6),
            stateEntry("rq-gone", "open", 6),
            stateEntry("rq-gone", null, 6),
          ],
          offers: [],
          handledUpTo: null,
        });
        const handled = first.at(6)?.inputs.at(-1)?.offset;
        await worker.stop();
        const { positions } = await log.append("requests", [inputEntry(3, 6)]);

        const second = createRecorder();
        const next = house.open("second").log.work(GROUP, second.makeTask);
        await second.until(() => second.at(6)?.inputs.length === 1);
        const task = second.at(6);
        expect(task?.resumedFrom).toBe(handled);
        expect(task?.inputs[0]?.offset).toBe(positions[0]?.offset);
        expect(task?.state.map((record) => record.key)).toEqual(["owner", "rq", "rq-gone", "rq-gone"]);
        expect(task?.state.at(-1)).toMatchObject({ ok: true, message: null });
        expect(ids(task?.events ?? [])).toEqual([expect.stringContaining("owner"), "ev-in-1", "ev-in-2"]);
        await next.stop();
      });

      test("a task that knows its events is not told them again", async () => {
        const first = createRecorder();
        const worker = log.work(GROUP, first.makeTask);
        await log.append("requests", [inputEntry(1), inputEntry(2), inputEntry(3)]);
        await first.until(() => first.at(0)?.inputs.length === 3);
        await worker.stop();
        const events = await readAll(log, "events", 0);
        const known = events.at(-2)?.offset ?? 0;
        const second = createRecorder({ eventsKnownUpTo: () => known });
        const next = log.work(GROUP, second.makeTask);
        await second.until(() => second.at(0) !== undefined);
        expect(ids(second.at(0)?.events ?? [])).toEqual(["ev-in-3"]);
        await next.stop();
      });

      test("a task that says it knows every event there could be is told none", async () => {
        const recorder = createRecorder({ eventsKnownUpTo: () => Number.MAX_SAFE_INTEGER });
        const worker = log.work(GROUP, recorder.makeTask);
        await recorder.until(() => recorder.at(0) !== undefined);
        expect(recorder.at(0)?.events).toEqual([]);
        await worker.stop();
      });

      test("unreadable input reaches the task as such, and the partition goes on", async () => {
        const recorder = createRecorder();
        const worker = log.work(GROUP, recorder.makeTask);
        await house.plantGarbage("requests", 3);
        await log.append("requests", [inputEntry(1, 3)]);
        await recorder.until(() => recorder.at(3)?.inputs.length === 2);
        expect(recorder.at(3)?.inputs.map((record) => record.ok)).toEqual([false, true]);
        await worker.stop();
      });

      test("a task that fails is dropped and a new one restored, which gets the same input again", async () => {
        let failures = 0;
        const recorder = createRecorder({
          outputsFor(records) {
            failures += 1;
            if (failures === 1) throw new Error("a bug that shows once");
            return outputsOf(records);
          },
        });
        const worker = log.work(GROUP, recorder.makeTask);
        await log.append("requests", [inputEntry(1, 7)]);
        await recorder.until(
          () => recorder.at(7)?.inputs.length === 1 && recorder.tasks.some((task) => task.dropped),
        );
        await worker.stop();
        const ofSeven = recorder.tasks.filter((task) => task.ownership.partition === 7);
        expect(ofSeven.map((task) => ids(task.inputs))).toEqual([["in-1"], ["in-1"]]);
        expect((await readAll(log, "events", 7)).filter((record) => !isMark(record))).toHaveLength(1);
      });

      test("two processes share the partitions evenly, and one takes all when the other leaves", async () => {
        const [one, two] = [createRecorder(), createRecorder()];
        const first = log.work(GROUP, one.makeTask);
        const all = log.partitionCount("requests");
        await one.until(() => one.living().length === all);
        const second = house.open("second").log.work(GROUP, two.makeTask);
        await two.until(() => two.living().length === all / 2);
        await one.until(() => one.living().length === all / 2);
        expect([...one.living(), ...two.living()].toSorted((a, b) => a - b)).toEqual([...Array(all).keys()]);
        await first.stop();
        await two.until(() => two.living().length === all);
        await second.stop();
      });

      test("nothing is handled twice or missed while partitions change hands", async () => {
        const [one, two] = [createRecorder(), createRecorder()];
        const first = log.work(GROUP, one.makeTask);
        await one.until(() => one.living().length > 0);
        const count = 400;
        const numbers = Array.from({ length: count }, (_, number) => number);
        const feeding = Promise.all(
          numbers.map((number) => log.append("requests", [inputEntry(number, number % 8)])),
        );
        const other = house.open("second").log;
        const second = other.work(GROUP, two.makeTask);
        await feeding;
        await first.stop();
        const handled = (): number =>
          [...one.tasks, ...two.tasks].reduce((sum, task) => sum + task.inputs.length, 0);
        await two.until(() => handled() >= count && two.living().length === 8);
        await second.stop();
        const seen: string[] = [];
        for (let partition = 0; partition < 8; partition += 1) {
          const events = await readAll(other, "events", partition);
          seen.push(...ids(events.filter((record) => !isMark(record))));
        }
        expect(seen.toSorted()).toEqual(numbers.map((number) => `ev-in-${number}`).toSorted());
      });

      test("a stopped owner loses its partitions, and its commit is refused with nothing written", async () => {
        const [one, two] = [createRecorder(), createRecorder()];
        const sleeper = house.open("sleeper");
        const first = sleeper.log.work(GROUP, one.makeTask);
        await one.until(() => one.living().length === 8);
        const task = one.at(4);
        sleeper.freeze();
        const second = log.work(GROUP, two.makeTask);
        await two.until(() => two.living().length === 8);
        const outputs = { events: [eventEntry("zombie", 4)], state: [], offers: [], handledUpTo: null };
        await expect(task?.ownership.commit(outputs)).rejects.toThrow(OwnershipLostError);
        expect(task?.ownership.lost.aborted).toBe(true);
        expect(two.at(4)?.ownership.epoch).toBeGreaterThan(task?.ownership.epoch ?? 0);
        expect(ids(await readAll(log, "events", 4))).not.toContain("ev-zombie");
        await Promise.all([first.stop(), second.stop()]);
      });

      test("a worker that stopped commits nothing more", async () => {
        const recorder = createRecorder();
        const worker = log.work(GROUP, recorder.makeTask);
        await recorder.until(() => recorder.at(0) !== undefined);
        const ownership = recorder.at(0)?.ownership;
        await worker.stop();
        expect(worker.owned()).toEqual([]);
        const outputs = { events: [eventEntry("late")], state: [], offers: [], handledUpTo: null };
        await expect(ownership?.commit(outputs)).rejects.toThrow(OwnershipLostError);
      });
    });

    describe("compaction", () => {
      test("of a compacted topic the newest record of each key stays, and no tombstone", async () => {
        const recorder = createRecorder();
        const worker = log.work(GROUP, recorder.makeTask);
        await recorder.until(() => recorder.at(0) !== undefined);
        const state = [
          stateEntry("a", "1"),
          stateEntry("b", "1"),
          stateEntry("a", "2"),
          stateEntry("b", null),
        ];
        await recorder.at(0)?.ownership.commit({ events: [], state, offers: [], handledUpTo: null });
        await worker.stop();
        await house.compact();
        const kept = await readAll(log, "state", 0);
        expect(kept.map((record) => record.key)).toEqual(["owner", "a"]);
        expect(kept.at(-1)).toMatchObject({ message: { snapshot: "2" } });
      });

      test("events are never compacted, and a follower passes the gaps", async () => {
        await log.append("events", [eventEntry("1"), eventEntry("2")]);
        await log.append("state", [stateEntry("a", "1"), stateEntry("a", "2")]);
        await house.compact();
        expect(ids(await readAll(log, "events", 0))).toEqual(["ev-1", "ev-2"]);
        const seen: string[] = [];
        const subscription = log.follow("state", "start", (records) => void seen.push(...ids(records)));
        await subscription.caughtUp;
        await subscription.stop();
        expect(seen).toEqual(["st-a"]);
      });
    });

    proofsContract(makeHouse);

    test("after closing, everything is at rest: a second close is harmless", async () => {
      const other = house.open("second").log;
      const recorder = createRecorder();
      other.work(GROUP, recorder.makeTask);
      await recorder.until(() => recorder.living().length === 8);
      await other.close();
      await other.close();
      expect(recorder.living()).toEqual([]);
    });
  });
}
