/** What a new owner makes of what it found, and of its own absence. */
import { expect, test } from "vitest";
import { type Instant, milliseconds } from "../../../domain/kernel/time.ts";
import type { Delivered, Outputs } from "../../../domain/ports/event-log.ts";
import type { InputMessage } from "../../../domain/request/commands.ts";
import type { RequestEvent } from "../../../domain/request/events.ts";
import { createDirectory } from "../../../projections/directory.ts";
import { createTelephonyLoad, foldLoad, hear } from "../../../projections/telephony-load.ts";
import { createDesk, type Desk } from "../../../services/dispatcher/desk.ts";
import { createDispatcherTask } from "../../../services/dispatcher/task.ts";
import {
  acceptedOffer,
  CUSTOMER,
  dispatched,
  later,
  NINE,
  queued,
  REQUEST,
  received,
  SERVER,
} from "../../support/sample-request.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { delivered, idle, numberlessPorts, SERVER_SILENT_MS } from "./sample-desk.ts";

const OPTIONS = {
  partitions: 1,
  source: "dispatcher",
  offerTtlMs: milliseconds(5_000),
  serverSilentMs: SERVER_SILENT_MS,
  rememberOverMs: 60_000,
};

function deskAt(steady: { now: Instant }) {
  const load = createTelephonyLoad();
  const ports = {
    ...numberlessPorts(),
    load,
    directory: createDirectory(),
    steadyNow: () => steady.now,
  };
  return { load, ports, desk: createDesk({ ...OPTIONS, partition: 0, epoch: 2 }, ports) };
}

function eventRecord(message: RequestEvent, seq: number | null, offset: number): Delivered<"events"> {
  const subject = seq === null ? null : REQUEST;
  const owner = { subject, sequence: seq, causeOffset: offset, ownerEpoch: 1 };
  return delivered("events", CUSTOMER, message, offset, owner);
}

function inputRecord(message: InputMessage, offset: number): Delivered<"requests"> {
  return delivered("requests", CUSTOMER, message, offset, {});
}

const inbound = { inboundId: "in_1", customer: CUSTOMER, server: SERVER, port: 1 };
const started = { type: "InboundStarted", ...inbound, sipCallId: "s", at: NINE, runStartedAt: NINE } as const;
const ended = {
  type: "InboundEnded",
  ...inbound,
  startedAt: NINE,
  endedBy: "customer",
  at: later(5),
} as const;

function restoreCall(desk: Desk): void {
  const history = [received(), queued, dispatched(), acceptedOffer()];
  for (const [index, event] of history.entries()) desk.restoreEvent(eventRecord(event, index + 1, index));
}

function typesOf(outputs: Outputs | null): (string | undefined)[] {
  return outputs?.events.map(({ message }) => message?.type) ?? [];
}

const busyServer = (at: Instant) => ({ ...idle(SERVER, at), inUseOutbound: 1 });

test("an input that is given again after a restore changes nothing (I14)", () => {
  const { desk } = deskAt({ now: NINE });
  desk.restoreEvent(eventRecord(started, null, 4));
  desk.open(NINE);
  desk.take(inputRecord(started, 4), NINE);
  expect(typesOf(desk.takeOutputs())).toEqual([]);
  desk.take(inputRecord(ended, 5), NINE);
  expect(typesOf(desk.takeOutputs())).toEqual(["InboundEnded"]);
});

test("a caller's line is free after a restore from events alone (I16)", () => {
  const { desk } = deskAt({ now: NINE });
  desk.restoreEvent(eventRecord(started, null, 4));
  desk.restoreEvent(eventRecord(ended, null, 5));
  desk.open(NINE);
  const state = desk.takeOutputs()?.state.find(({ key }) => key === CUSTOMER)?.message;
  expect(state?.type === "CustomerState" && JSON.parse(state.snapshot)).toMatchObject({ busyWith: [] });
});

/** An owner that has restored a call, and has heard its server once. */
function restoredBesideBusyServer() {
  const steady = { now: NINE };
  const { desk, load } = deskAt(steady);
  restoreCall(desk);
  foldLoad(load, busyServer(NINE), NINE);
  desk.open(NINE);
  desk.takeOutputs();
  return { desk, load, steady };
}

test("an owner that was stopped itself declares no server gone when it returns (I3)", () => {
  const { desk, steady } = restoredBesideBusyServer();
  steady.now = later(60_000);
  desk.pump(later(60_000));
  expect(typesOf(desk.takeOutputs())).toEqual([]);
});

test("a server is declared gone only after the log has shown that it works (J07)", () => {
  const { desk, load, steady } = restoredBesideBusyServer();
  const lookUntil = (ms: number): string[] => {
    const types: string[] = [];
    for (; steady.now < later(ms); steady.now = (steady.now + 1_000) as Instant) {
      hear(load, steady.now);
      desk.pump(steady.now);
      types.push(...typesOf(desk.takeOutputs()).map(String));
    }
    return types;
  };
  expect(lookUntil(60_000)).toEqual([]);
  desk.committed(3);
  expect(lookUntil(66_000)).toContain("CallLost");
});

test("another machine's clock does not make a call silent (I10)", () => {
  const steady = { now: later(86_400_000) };
  const { desk } = deskAt(steady);
  restoreCall(desk);
  desk.open(steady.now);
  desk.pump(steady.now);
  expect(typesOf(desk.takeOutputs())).toEqual([]);
});

test("a position that was committed without its outputs is not believed (I1)", () => {
  const clock = createVirtualClock(NINE);
  const { ports } = deskAt({ now: NINE });
  const ownership = {
    partition: 0,
    epoch: 2,
    lost: new AbortController().signal,
    commit: () => Promise.reject(new Error("nothing is committed in this test")),
  };
  const task = createDispatcherTask(ownership, OPTIONS, { ...ports, clock });
  expect(task.resumeAfter(5)).toBeNull();
  task.drop();
});
