/** What an auditor may rely on: every record of `events` is bound to all before it. Part of the log's contract. */
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestInput, FIRST_LINK, linkInput } from "../../domain/kernel/record-chain.ts";
import type { Delivered, EventLog } from "../../domain/ports/event-log.ts";
import { OwnershipLostError } from "../../domain/ports/event-log.ts";
import { eventEntry, inputEntry } from "./event-log-entries.ts";
import { createRecorder } from "./event-log-recorder.ts";
import { isMark } from "./event-log-seen.ts";
import type { LogHouse } from "./log-house.ts";

type Event = Delivered<"events">;

const GROUP = "dispatcher";

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

export async function readProven(log: EventLog, partition: number): Promise<readonly Event[]> {
  const all: Event[] = [];
  for await (const batch of log.read("events", partition, { proofs: true })) all.push(...batch);
  return all;
}

/** Offset of the first record whose digest or link does not fit what came before it; null: all is well. */
export function firstBreak(records: readonly Event[]): number | null {
  let link: Uint8Array = FIRST_LINK;
  for (const { offset, key, proof } of records) {
    if (proof === undefined) return offset;
    const { body, envelope } = proof;
    const digest = sha256(digestInput({ key, body, envelope }));
    link = sha256(linkInput(link, digest));
    if (digest.toString("hex") !== proof.digest) return offset;
    if (proof.chain !== null && proof.chain !== Buffer.from(link).toString("hex")) return offset;
  }
  return null;
}

const marks = (records: readonly Event[]): number => records.filter(isMark).length;

const outputs = (facts: readonly string[], partition: number) => ({
  events: facts.map((fact) => eventEntry(fact, partition)),
  state: [],
  offers: [],
  handledUpTo: null,
});

export function proofsContract(makeHouse: () => Promise<LogHouse>): void {
  describe("proofs", () => {
    let house: LogHouse;
    let log: EventLog;

    beforeEach(async () => {
      house = await makeHouse();
      log = house.open("first").log;
    });
    afterEach(() => house.close());

    /** An owner of everything that commits these facts, one commit each, to partition 1, and leaves. */
    async function work(facts: readonly string[], known: number | null = null, from = log): Promise<void> {
      const recorder = createRecorder({ eventsKnownUpTo: () => known });
      const worker = from.work(GROUP, recorder.makeTask);
      await recorder.until(() => recorder.at(1) !== undefined);
      for (const fact of facts) await recorder.at(1)?.ownership.commit(outputs([fact], 1));
      await worker.stop();
    }

    test("each event holds its link in the chain of its partition, an owner's mark holds none", async () => {
      const recorder = createRecorder();
      const worker = log.work(GROUP, recorder.makeTask);
      await recorder.until(() => recorder.at(1) !== undefined && recorder.at(2) !== undefined);
      await recorder.at(1)?.ownership.commit(outputs(["a", "b", "c"], 1));
      await recorder.at(2)?.ownership.commit(outputs(["d"], 2));
      await recorder.at(1)?.ownership.commit(outputs(["e"], 1));
      await worker.stop();
      const events = await readProven(log, 1);
      expect(events.map(({ proof }) => proof?.chain === null)).toEqual([true, false, false, false, false]);
      expect([firstBreak(events), firstBreak(await readProven(log, 2))]).toEqual([null, null]);
    });

    test("commits that do not wait for each other are chained in the order of the log", async () => {
      const recorder = createRecorder();
      const worker = log.work(GROUP, recorder.makeTask);
      await recorder.until(() => recorder.at(1) !== undefined);
      const facts = Array.from({ length: 20 }, (_, index) => `fact-${index}`);
      const task = recorder.at(1);
      await Promise.all(facts.map(async (fact) => task?.ownership.commit(outputs([fact, "more"], 1))));
      await worker.stop();
      const events = await readProven(log, 1);
      expect(events).toHaveLength(41);
      expect(firstBreak(events)).toBeNull();
    });

    test("the next owner carries the chain on, whatever its task knows already", async () => {
      await work(["a", "b"]);
      const newest = (await readProven(log, 1)).at(-1)?.offset ?? 0;
      await work(["c"], newest);
      await work(["d"], newest, house.open("second").log);
      await work([], Number.MAX_SAFE_INTEGER);
      await work(["e"], Number.MAX_SAFE_INTEGER);
      await work(["f"]);
      const events = await readProven(log, 1);
      expect(marks(events)).toBe(6);
      expect(events).toHaveLength(12);
      expect(firstBreak(events)).toBeNull();
    });

    test("a commit that failed leaves no gap in the chain", async () => {
      const recorder = createRecorder();
      const worker = log.work(GROUP, recorder.makeTask);
      await recorder.until(() => recorder.at(1) !== undefined);
      await recorder.at(1)?.ownership.commit(outputs(["before"], 1));
      const broken = { ...eventEntry("bad", 1), message: { type: "FactIgnored" } } as ReturnType<
        typeof eventEntry
      >;
      const failing = { ...outputs(["lost"], 1), events: [eventEntry("lost", 1), broken] };
      await expect(recorder.at(1)?.ownership.commit(failing)).rejects.toThrow("FactIgnored");
      await recorder.until(() => recorder.at(1) !== undefined);
      await recorder.at(1)?.ownership.commit(outputs(["after"], 1));
      await worker.stop();
      const events = await readProven(log, 1);
      expect(events).toHaveLength(4);
      expect(firstBreak(events)).toBeNull();
    });

    test("an owner that slept through its end leaves nothing in the chain of its successor", async () => {
      const [one, two] = [createRecorder(), createRecorder()];
      const sleeper = house.open("sleeper");
      const first = sleeper.log.work(GROUP, one.makeTask);
      await one.until(() => one.living().length === 8);
      const task = one.at(4);
      await task?.ownership.commit(outputs(["mine"], 4));
      sleeper.freeze();
      const second = log.work(GROUP, two.makeTask);
      await two.until(() => two.living().length === 8);
      await expect(task?.ownership.commit(outputs(["zombie"], 4))).rejects.toThrow(OwnershipLostError);
      await two.at(4)?.ownership.commit(outputs(["theirs"], 4));
      await Promise.all([first.stop(), second.stop()]);
      const events = await readProven(log, 4);
      expect(events).toHaveLength(4);
      expect(firstBreak(events)).toBeNull();
    });

    test("a record that was changed or dropped is found", async () => {
      await work(["a", "b", "c", "d"]);
      const events = await readProven(log, 1);
      const [, , third, fourth] = events;
      const changed = events.with(2, {
        ...third,
        proof: { ...third?.proof, body: Buffer.from("x") },
      } as Event);
      expect(firstBreak(changed)).toBe(third?.offset);
      expect(firstBreak(events.toSpliced(2, 1))).toBe(fourth?.offset);
    });

    test("a record put in by another hand while an owner works is found at the next one", async () => {
      const recorder = createRecorder();
      const worker = log.work(GROUP, recorder.makeTask);
      await recorder.until(() => recorder.at(1) !== undefined);
      await recorder.at(1)?.ownership.commit(outputs(["a"], 1));
      await log.append("events", [eventEntry("put in", 1)]);
      await recorder.at(1)?.ownership.commit(outputs(["b"], 1));
      await worker.stop();
      const events = await readProven(log, 1);
      expect(firstBreak(events)).toBe(events.at(-1)?.offset);
    });

    test("a reader that asks for no proofs is given none", async () => {
      await log.append("requests", [inputEntry(1, 1)]);
      await work(["a"]);
      for await (const batch of log.read("events", 1)) {
        expect(batch.every(({ proof }) => proof === undefined)).toBe(true);
      }
    });
  });
}
