/** A careless log gives a record again: what a dispatcher makes of load reports that it knows already. */
import { expect, test } from "vitest";
import { unownedEnvelope } from "../../../domain/kernel/envelope.ts";
import { type Instant, milliseconds } from "../../../domain/kernel/time.ts";
import type { Durable } from "../../../domain/ports/durable.ts";
import type { Delivered, EventLog, Ownership, Task, TopicName } from "../../../domain/ports/event-log.ts";
import type { InputMessage } from "../../../domain/request/commands.ts";
import { createDispatcher } from "../../../services/dispatcher/dispatcher.ts";
import { CUSTOMER, later, NINE, SERVER } from "../../support/sample-request.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { delivered, idle, numberlessPorts, SERVER_SILENT_MS } from "./sample-desk.ts";

type AnyRecord = Delivered<TopicName>;

/** A dispatcher that owns partition 0 of a log whose deliveries the test makes by hand. */
async function handFedDispatcher() {
  const clock = createVirtualClock(NINE);
  const handlers = new Map<string, (records: readonly AnyRecord[]) => unknown>();
  const written: string[] = [];
  let task: Task | null = null;
  const ownership: Ownership = {
    partition: 0,
    epoch: 1,
    lost: new AbortController().signal,
    async commit({ events }) {
      written.push(...events.map(({ message }) => String(message?.type)));
      return { durable: { at: clock.now() } as Durable, eventsUpTo: written.length };
    },
  };
  const log = {
    partitionCount: () => 1,
    follow(topic: string, _from: unknown, onRecords: (records: readonly AnyRecord[]) => unknown) {
      handlers.set(topic, onRecords);
      return {
        caughtUp: Promise.resolve(),
        ended: new Promise(() => undefined),
        stop: () => Promise.resolve(),
      };
    },
    work(_group: string, makeTask: (own: Ownership) => Task) {
      task = makeTask(ownership);
      task.resumeAfter(null);
      return { owned: () => [0], ended: new Promise(() => undefined), stop: () => Promise.resolve() };
    },
    append: () => Promise.resolve({ durable: { at: NINE } as Durable, positions: [] }),
  } as unknown as EventLog;
  const dispatcher = createDispatcher(
    {
      source: "dispatcher",
      offerTtlMs: milliseconds(5_000),
      serverSilentMs: SERVER_SILENT_MS,
      rememberOverMs: 60_000,
      coldStartMs: 0,
    },
    {
      log,
      clock,
      ...numberlessPorts(),
    },
  );
  await dispatcher.start();

  function hear(offset: number, startedAt: Instant): void {
    const message = { ...idle(SERVER, clock.now()), startedAt, at: later(200_000) };
    const about = { id: `l${offset}`, source: "t", subject: null, time: NINE, causationId: null };
    const envelope = unownedEnvelope(about);
    const place = { topic: "load" as const, partition: 0, offset, key: SERVER, appendedAt: clock.now() };
    handlers.get("load")?.([{ ...place, ok: true, envelope, message }]);
  }

  async function input(message: InputMessage, offset: number): Promise<void> {
    await task?.handle([delivered("requests", CUSTOMER, message, offset, { id: `i${offset}` })]);
  }
  return { clock, hear, input, written, dispatcher };
}

const CALLER: InputMessage = {
  type: "InboundStarted",
  inboundId: "in_1",
  customer: CUSTOMER,
  server: SERVER,
  port: 1,
  sipCallId: "s",
  at: later(100),
  runStartedAt: NINE,
};

/** `goesOnAs`: the run that goes on reporting afterwards. */
async function callDuring(
  reports: readonly (readonly [offset: number, startedAt: Instant])[],
  goesOnAs: Instant,
) {
  const { clock, hear, input, written, dispatcher } = await handFedDispatcher();
  // Its clock was an hour fast in its earlier run, and right in this one.
  hear(1, later(3_600_000));
  hear(2, NINE);
  await clock.advance(1);
  await input(CALLER, 1);
  for (const [offset, startedAt] of reports) hear(offset, startedAt);
  await clock.advance(SERVER_SILENT_MS + 1_500);
  hear(9, goesOnAs);
  await clock.advance(1_500);
  await dispatcher.stop();
  return written;
}

test("a report of an earlier run that is delivered again is not the start of another run (I3)", async () => {
  expect(await callDuring([[1, later(3_600_000)]], NINE)).toEqual(["InboundStarted"]);
});

test("a report that is new is believed, and what its server held before is told as over (I3)", async () => {
  expect(await callDuring([[3, later(3_600_000)]], later(3_600_000))).toEqual([
    "InboundStarted",
    "InboundEnded",
  ]);
});
