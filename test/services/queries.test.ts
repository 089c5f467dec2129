import { beforeEach, describe, expect, test } from "vitest";
import type { RequestId, SenderId } from "../../domain/kernel/identifiers.ts";
import type { Queries } from "../../domain/ports/queries.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { foldStatus, type StatusView } from "../../projections/request-status.ts";
import { createQueries, ERASED, WATCH_BACKLOG_MAX } from "../../services/queries.ts";
import type { BoardEvent, RequestBoard } from "../../services/request-board.ts";
import { fakeKeyring, sealForTest } from "../support/fake-gate-ports.ts";
import { completed, HOTEL, later, queued, REQUEST, received, SERVER } from "../support/sample-request.ts";

const STRANGER = "stranger" as SenderId;
const FOREVER = new AbortController().signal;

/** A board over one Request whose events the test writes by hand. */
function createHandBoard() {
  const history: BoardEvent[] = [];
  const listeners = new Set<(event: BoardEvent) => void>();
  let view: StatusView | null = null;
  const board = {
    statusOf: async (request: RequestId) => (request === REQUEST ? view : null),
    historyOf: async () => [...history],
    listen(_request: RequestId, listener: (event: BoardEvent) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  } as unknown as RequestBoard;
  return {
    board,
    listeners,
    write(event: RequestEvent): void {
      const seq = history.length + 1;
      const one = { seq, id: `event-${seq}`, event, causationId: null };
      history.push(one);
      view = foldStatus(view, REQUEST, event, seq);
      for (const listener of listeners) listener(one);
    },
  };
}

const call = { attempt: 1, offer: `${REQUEST}_1`, server: SERVER, at: later(20) };
const input = (value: string): RequestEvent =>
  ({
    type: "InputCollected",
    ...call,
    field: "choice",
    mode: "dtmf",
    value: sealForTest(value),
  }) as RequestEvent;
const over = { type: "RequestCompleted", at: later(40), outcome: "completed", attempts: 1 } as RequestEvent;

let hand: ReturnType<typeof createHandBoard>;
let queries: Queries;

beforeEach(() => {
  hand = createHandBoard();
  queries = createQueries({ board: hand.board, keyring: fakeKeyring });
});

/** Sequence numbers until the watch ends, or `count` have come. */
async function watched(afterSeq: number, count = Number.POSITIVE_INFINITY): Promise<number[]> {
  const seen: number[] = [];
  if (count === 0) return seen;
  for await (const { seq } of queries.watch(HOTEL, REQUEST, afterSeq, FOREVER)) {
    seen.push(seq);
    if (seen.length >= count) break;
  }
  return seen;
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of source) found.push(one);
  return found;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("another Sender's Request is as unknown as one that never was (M08)", () => {
  test.each([
    ["of somebody else", STRANGER, REQUEST],
    ["that never was", HOTEL, "rq_zzzzzzzzzzzzzzzzzzzzzzzzzz_0a1" as RequestId],
  ])("one %s", async (_what, sender, request) => {
    hand.write(received());
    expect(await queries.status(sender, request)).toBeNull();
    expect(await queries.history(sender, request)).toBeNull();
    expect(await queries.explain(sender, request)).toBeNull();
    const seen = await collect(queries.watch(sender, request, 0, FOREVER));
    expect(seen).toEqual([]);
    expect(hand.listeners.size).toBe(0);
  });
});

describe("what the Customer did and the Sender gave", () => {
  test("is opened for the Sender; the number stays sealed", async () => {
    hand.write(received({ userData: sealForTest("room 12") }));
    hand.write(input("snooze"));
    expect(await queries.status(HOTEL, REQUEST)).toMatchObject({ userData: "room 12" });
    const history = await queries.history(HOTEL, REQUEST);
    expect(history?.[1]?.event).toMatchObject({ value: "snooze" });
    expect(history?.[0]?.event).toMatchObject({ terms: { to: received().terms.to } });
    expect(history?.[0]?.id).toBe(`evt_${REQUEST}_1`);
  });

  test("shows as erased once its key is gone (reliability 54)", async () => {
    const gone = sealForTest("room 12", "gone");
    hand.write(received({ userData: gone }));
    hand.write({ ...input("x"), value: gone } as RequestEvent);
    hand.write({ ...completed({ exit: gone }), ...call, type: "CallCompleted" } as RequestEvent);
    expect(await queries.status(HOTEL, REQUEST)).toMatchObject({ userData: ERASED });
    const history = await queries.history(HOTEL, REQUEST);
    expect(history?.[1]?.event).toMatchObject({ value: ERASED });
    expect(history?.[2]?.event).toMatchObject({ exit: ERASED });
  });

  test("user data that never was is null, not erased", async () => {
    hand.write(received());
    expect(await queries.status(HOTEL, REQUEST)).toMatchObject({ userData: null });
  });
});

describe("a watch", () => {
  test("shows what was, goes on with what happens, and ends with the Request", async () => {
    hand.write(received());
    const seen = watched(0);
    await turn();
    hand.write(queued);
    hand.write(over);
    expect(await seen).toEqual([1, 2, 3]);
    expect(hand.listeners.size).toBe(0);
  });

  test("resumes after the event that the reader knew last", async () => {
    hand.write(received());
    hand.write(queued);
    hand.write(over);
    expect(await watched(1)).toEqual([2, 3]);
  });

  test("of a Request that is over ends at once, also for a reader who knows its end", async () => {
    hand.write(received());
    hand.write(over);
    expect(await watched(2)).toEqual([]);
    expect(await watched(99)).toEqual([]);
  });

  test("shows each event once, though it is written while the history is read", async () => {
    hand.write(received());
    const seen = watched(0);
    hand.write(queued);
    hand.write(over);
    expect(await seen).toEqual([1, 2, 3]);
  });

  test("ends when its reader is gone, and leaves nothing behind", async () => {
    hand.write(received());
    const stop = new AbortController();
    const seen = collect(queries.watch(HOTEL, REQUEST, 0, stop.signal));
    await turn();
    expect(hand.listeners.size).toBe(1);
    stop.abort();
    expect((await seen).map(({ seq }) => seq)).toEqual([1]);
    expect(hand.listeners.size).toBe(0);
  });

  test("of a reader who breaks off leaves nothing behind", async () => {
    hand.write(received());
    expect(await watched(0, 1)).toEqual([1]);
    expect(hand.listeners.size).toBe(0);
  });

  test(`keeps at most ${WATCH_BACKLOG_MAX} events for a slow reader, then ends without a gap: it comes back with its last id`, async () => {
    hand.write(received());
    const slow = queries.watch(HOTEL, REQUEST, 1, FOREVER)[Symbol.asyncIterator]();
    const first = slow.next();
    await turn();
    for (let n = 0; n < WATCH_BACKLOG_MAX + 10; n += 1) hand.write(input(`${n}`));
    const seen = [(await first).value.seq];
    for (let next = await slow.next(); next.done !== true; next = await slow.next())
      seen.push(next.value.seq);
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index + 2));
    expect(seen.length).toBeGreaterThanOrEqual(WATCH_BACKLOG_MAX);
    expect(seen.length).toBeLessThan(WATCH_BACKLOG_MAX + 10);
    expect(hand.listeners.size).toBe(0);
    hand.write(over);
    expect(await watched(seen.at(-1) ?? 0)).toHaveLength(WATCH_BACKLOG_MAX + 11 - seen.length);
  });

  test("shows a history longer than the backlog whole", async () => {
    hand.write(received());
    for (let n = 0; n < WATCH_BACKLOG_MAX * 2; n += 1) hand.write(input(`${n}`));
    hand.write(over);
    expect(await watched(0)).toHaveLength(WATCH_BACKLOG_MAX * 2 + 2);
  });
});

const verdict = (says: "allow" | "wait" | "refuse", reason: string | null) =>
  ({
    check: "hours.customer",
    setBy: "customer",
    rule: "r@1#hours",
    says,
    reason,
    until: null,
    facts: {},
  }) as const;

describe("an explanation", () => {
  test("names the reason of a refusal, and every check with the event that kept it", async () => {
    hand.write(received());
    const verdicts = [verdict("allow", null), verdict("refuse", "number.premium")];
    hand.write({ type: "PolicyRejected", at: later(1), verdicts } as unknown as RequestEvent);
    expect(await queries.explain(HOTEL, REQUEST)).toMatchObject({
      status: "rejected",
      summary: "Refused by policy: number.premium.",
      checks: [{ seq: 2, verdicts }],
    });
  });

  test("says what a queued Request waits for, and why the last offer was refused", async () => {
    hand.write(received());
    hand.write(queued);
    const refused = { type: "DispatchRejected", ...call, reason: "busy" } as unknown as RequestEvent;
    hand.write(refused);
    const explanation = await queries.explain(HOTEL, REQUEST);
    expect(explanation?.summary).toMatch(/waits for a free port\. The last offer was refused: busy\./);
  });
});
