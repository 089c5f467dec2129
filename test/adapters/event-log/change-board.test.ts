import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { createChangeBoard } from "../../../adapters/event-log/change-board.ts";
import type { LogStore } from "../../../adapters/event-log/log-store.ts";
import { createMemoryStore } from "../../../adapters/event-log/memory/memory-store.ts";
import { instant } from "../../../domain/kernel/time.ts";
import { NOW } from "../../contract/event-log-entries.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { EMPTY_RECORD, makeSqliteHouse } from "./sqlite/sqlite-house.ts";

describe("whoever waits", () => {
  test("hears of its own place, of any partition of its topic, and of nothing else", () => {
    const board = createChangeBoard();
    const heard: string[] = [];
    board.watch({ topic: "requests", partition: 1 }, () => heard.push("requests/1"));
    board.watch({ topic: "requests", partition: null }, () => heard.push("requests"));
    board.watch({ topic: "events", partition: 1 }, () => heard.push("events/1"));
    board.watchTeams(() => heard.push("teams"));
    board.tell([{ topic: "requests", partition: 1 }]);
    expect(heard.splice(0)).toEqual(["requests/1", "requests"]);
    board.tell([{ topic: "requests", partition: 2 }]);
    expect(heard.splice(0)).toEqual(["requests"]);
    board.tell([]);
    board.tellTeams();
    expect(heard.splice(0)).toEqual(["teams"]);
    board.tellAll();
    expect(heard).toEqual(["requests/1", "requests", "events/1", "teams"]);
  });

  test("hears nothing more once it has ended its watch", () => {
    const board = createChangeBoard();
    let heard = 0;
    const end = board.watch({ topic: "requests", partition: 1 }, () => {
      heard += 1;
    });
    end();
    board.tell([{ topic: "requests", partition: 1 }]);
    expect(heard).toBe(0);
  });
});

describe("a commit wakes whom it concerns and nobody else", () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  /** Watches partitions 1 and 2 of `requests`, and the teams; resolves `first` when 1 is told. */
  function watching(store: LogStore) {
    const calls = { first: 0, second: 0, teams: 0 };
    const told = Promise.withResolvers<void>();
    const ends = [
      store.onRecords({ topic: "requests", partition: 1 }, () => {
        calls.first += 1;
        told.resolve();
      }),
      store.onRecords({ topic: "requests", partition: 2 }, () => {
        calls.second += 1;
      }),
      store.onTeam(() => {
        calls.teams += 1;
      }),
    ];
    closing.push(async () => ends.map((end) => end()));
    return { calls, told: told.promise };
  }

  const record = { ...EMPTY_RECORD, topic: "requests", partition: 1 } as const;
  const presence = { group: "g", member: "m", now: NOW, until: instant(NOW + 1_000) };

  test("in the memory log", async () => {
    const store = createMemoryStore(createVirtualClock(NOW));
    const { calls, told } = watching(store);
    await store.append([record]);
    await told;
    expect(calls).toEqual({ first: 1, second: 0, teams: 0 });
    await store.attend(presence);
    await setImmediate();
    expect(calls.teams).toBe(1);
  });

  test("in the embedded log, of the same process and of another", async () => {
    const house = makeSqliteHouse();
    const [writer, reader] = [house.openStore(), house.openStore()];
    closing.push(
      () => writer.close(),
      () => reader.close(),
      () => house.close(),
    );
    const [own, other] = [watching(writer), watching(reader)];
    await writer.append([record]);
    await Promise.all([own.told, other.told]);
    expect(own.calls).toEqual({ first: 1, second: 0, teams: 0 });
    expect(other.calls).toEqual({ first: 1, second: 0, teams: 0 });
  });
});
