import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RequestId, requestId, type Slot, slotOfRequest } from "../../domain/kernel/identifiers.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import type { Delivered, EventLog } from "../../domain/ports/event-log.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import {
  createRequestBoard,
  EVENTS_KEPT_MAX,
  REQUESTS_KEPT_MAX,
  type RequestBoard,
} from "../../services/request-board.ts";
import { later, NINE, queued, REQUEST, received, submission } from "../support/sample-request.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

/** A log whose `events` the test hands out by hand, and which counts how often a partition is read. */
function createHandedLog() {
  const records: Delivered<"events">[] = [];
  let handOut: ((batch: readonly Delivered<"events">[]) => void | Promise<void>) | null = null;
  let reads = 0;
  const never = new Promise<never>(() => undefined);
  const log = {
    partitionCount: () => 8,
    follow: (_topic: string, _from: unknown, onRecords: NonNullable<typeof handOut>) => {
      handOut = onRecords;
      return { caughtUp: Promise.resolve(), ended: never, stop: () => Promise.resolve() };
    },
    async *read(_topic: string, partition: number) {
      reads += 1;
      yield records.filter((record) => record.partition === partition);
    },
  } as unknown as EventLog;
  return {
    log,
    reads: () => reads,
    async write(request: RequestId, seq: number, event: RequestEvent): Promise<void> {
      const record = {
        ok: true,
        topic: "events",
        partition: slotOfRequest(request) % 8,
        offset: records.length,
        key: "customer",
        appendedAt: NINE,
        envelope: {
          id: `event-${records.length}`,
          source: "dispatcher",
          subject: request,
          time: NINE,
          sequence: seq,
          correlationId: request,
          causationId: null,
          causeOffset: null,
          ownerEpoch: 1,
        },
        message: event,
      } as Delivered<"events">;
      records.push(record);
      await handOut?.([record]);
    },
  };
}

const ignored = (ms: number): RequestEvent =>
  ({
    type: "InputCollected",
    at: later(ms),
    attempt: 1,
    offer: `${REQUEST}_1`,
    server: "telephony-1",
    field: "choice",
    mode: "dtmf",
    value: "k.c2VhbGVk",
  }) as RequestEvent;

function id(n: number): RequestId {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, n);
  return requestId(bytes, 5 as Slot);
}

let clock: VirtualClock;
let handed: ReturnType<typeof createHandedLog>;
let board: RequestBoard;

beforeEach(async () => {
  clock = createVirtualClock(NINE);
  handed = createHandedLog();
  board = createRequestBoard({ log: handed.log, clock });
  await board.start();
});
afterEach(async () => {
  await board.stop();
});

describe("what a gateway keeps of Requests", () => {
  test("answers from memory, without reading the log", async () => {
    await handed.write(REQUEST, 1, received());
    await handed.write(REQUEST, 2, queued);
    expect(await board.statusOf(REQUEST)).toMatchObject({ status: "queued", seq: 2 });
    expect((await board.historyOf(REQUEST)).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(handed.reads()).toBe(0);
  });

  test("knows nothing of what never was", async () => {
    expect(await board.statusOf(REQUEST)).toBeNull();
    expect(await board.historyOf(REQUEST)).toEqual([]);
  });

  test("a record that comes twice counts once", async () => {
    await handed.write(REQUEST, 1, received());
    await handed.write(REQUEST, 2, queued);
    await handed.write(REQUEST, 2, queued);
    expect(await board.historyOf(REQUEST)).toHaveLength(2);
  });

  test("knows at once what this gateway has accepted, before anybody has decided about it", async () => {
    board.accepted(submission());
    expect(await board.statusOf(REQUEST)).toMatchObject({ status: "received", final: false, seq: 0 });
    expect(await board.historyOf(REQUEST)).toEqual([]);
    await handed.write(REQUEST, 1, received());
    expect(await board.statusOf(REQUEST)).toMatchObject({ status: "received", seq: 1 });
    expect(handed.reads()).toBe(0);
  });

  test(`is at most ${REQUESTS_KEPT_MAX} Requests; older ones are read from the log`, async () => {
    for (let n = 0; n <= REQUESTS_KEPT_MAX; n += 1) await handed.write(id(n), 1, received());
    expect(await board.statusOf(id(REQUESTS_KEPT_MAX))).toMatchObject({ status: "received" });
    expect(handed.reads()).toBe(0);
    expect(await board.statusOf(id(0))).toMatchObject({ status: "received" });
    expect(await board.historyOf(id(0))).toHaveLength(1);
    expect(handed.reads()).toBe(2);
  });

  test("a later event of a Request that was forgotten does not bring half of it back", async () => {
    for (let n = 0; n <= REQUESTS_KEPT_MAX; n += 1) await handed.write(id(n), 1, received());
    await handed.write(id(0), 2, queued);
    expect(await board.statusOf(id(0))).toMatchObject({ status: "queued", seq: 2 });
    expect((await board.historyOf(id(0))).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test(`is at most ${EVENTS_KEPT_MAX} events of a Request; a longer history is read whole`, async () => {
    await handed.write(REQUEST, 1, received());
    for (let seq = 2; seq <= EVENTS_KEPT_MAX + 50; seq += 1) await handed.write(REQUEST, seq, ignored(seq));
    const history = await board.historyOf(REQUEST);
    expect(history.map(({ seq }) => seq)).toEqual(
      Array.from({ length: EVENTS_KEPT_MAX + 50 }, (_, index) => index + 1),
    );
    expect(handed.reads()).toBe(1);
    expect(await board.statusOf(REQUEST)).toMatchObject({ seq: EVENTS_KEPT_MAX + 50 });
  });

  test("knew a Request that was received before, not one that came just now", async () => {
    await handed.write(REQUEST, 1, received());
    expect(board.knew(REQUEST, later(1))).toBe(true);
    expect(board.knew(REQUEST, NINE)).toBe(false);
    expect(board.knew(id(1), later(1))).toBe(false);
  });
});

describe("the wait for a decision", () => {
  test("ends with the event that decides", async () => {
    const decision = board.decision(REQUEST, milliseconds(2_000));
    await handed.write(REQUEST, 1, received());
    await handed.write(REQUEST, 2, queued);
    expect(await decision).toMatchObject({ type: "RequestQueued" });
  });

  test("is none where it was decided before", async () => {
    await handed.write(REQUEST, 1, received());
    await handed.write(REQUEST, 2, queued);
    expect(await board.decision(REQUEST, milliseconds(2_000))).toMatchObject({ type: "RequestQueued" });
  });

  test("ends in time with nothing where none comes", async () => {
    const decision = board.decision(REQUEST, milliseconds(2_000));
    await handed.write(REQUEST, 1, received());
    let answered = false;
    void decision.then(() => (answered = true));
    await clock.advance(1_999);
    expect(answered).toBe(false);
    await clock.advance(1);
    expect(await decision).toBeNull();
  });
});

describe("listeners", () => {
  test("hear each new event of their Request, and of no other, until they stop", async () => {
    const heard: number[] = [];
    const stop = board.listen(REQUEST, ({ seq }) => heard.push(seq));
    await handed.write(REQUEST, 1, received());
    await handed.write(id(1), 1, received());
    await handed.write(REQUEST, 2, queued);
    stop();
    await handed.write(REQUEST, 3, ignored(3));
    expect(heard).toEqual([1, 2]);
  });

  test("who stops twice takes nobody else's place", async () => {
    const heard: number[] = [];
    const stop = board.listen(REQUEST, () => undefined);
    stop();
    board.listen(REQUEST, ({ seq }) => heard.push(seq));
    stop();
    await handed.write(REQUEST, 1, received());
    expect(heard).toEqual([1]);
  });
});
