/**
 * A desk at work: fed by the log, woken by its timers and by load reports, everything it decides committed
 * before it is believed. Any failed commit drops the desk with its memory; the log restores another (never
 * repair in place).
 */
import type { Sealed } from "../../domain/kernel/sealed.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Delivered, Ownership, Task } from "../../domain/ports/event-log.ts";
import { type Keyring, KeyringUnavailableError } from "../../domain/ports/keyring.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import { createDesk, type DeskFigures, type DeskOptions, type DeskPorts } from "./desk.ts";

export type TaskOptions = Omit<DeskOptions, "partition" | "epoch">;
export type TaskPorts = DeskPorts & {
  readonly keyring: Pick<Keyring, "arrived" | "openNow">;
  readonly clock: Clock;
  readonly operatorLog: OperatorLog;
};

export type DispatcherTask = Task & {
  /** Something outside changed (a load report, the directory): look whether more can be done. */
  nudge(): void;
  figures(): DeskFigures;
};

/** Timers follow the wall clock, which may step: look again at least this often. */
const LOOK_AGAIN_MS = 1_000;

export function createDispatcherTask(
  ownership: Ownership,
  options: TaskOptions,
  ports: TaskPorts,
): DispatcherTask {
  const { clock } = ports;
  const desk = createDesk({ ...options, partition: ownership.partition, epoch: ownership.epoch }, ports);
  let dropped = false;
  let opened = false;
  let nudged = false;
  let restoredKeys = false;
  let cancelWake: (() => void) | null = null;
  // One step at a time: a step that waits for its commit must not be overtaken by the next.
  let turn: Promise<void> = Promise.resolve();

  function inTurn(step: () => Promise<void>): Promise<void> {
    const mine = turn.then(step);
    turn = mine.catch(() => undefined);
    return mine;
  }

  /** A number whose key is still on its way must not be taken for an erased one: the desk can't wait, so we do. */
  async function keysOf(records: readonly Delivered<"requests">[]): Promise<void> {
    await ports.keyring.arrived(submittedNumbers(records));
    if (!restoredKeys) await ports.keyring.arrived(desk.numbers());
    restoredKeys = true;
  }

  async function commit(): Promise<void> {
    const outputs = desk.takeOutputs();
    if (outputs !== null && !dropped) desk.committed((await ownership.commit(outputs)).eventsUpTo);
    rearm();
  }

  function rearm(): void {
    cancelWake?.();
    if (dropped || !opened) return;
    const next = desk.nextWakeAt(clock.now());
    const wait = next === null ? LOOK_AGAIN_MS : Math.min(LOOK_AGAIN_MS, Math.max(0, next - clock.now()));
    cancelWake = clock.schedule(milliseconds(wait), tick);
  }

  function tick(): void {
    if (dropped || !opened) return;
    inTurn(async () => {
      nudged = false;
      await keysOf([]);
      if (dropped) return;
      desk.pump(clock.now());
      await commit();
    }).catch((error: unknown) => {
      if (error instanceof KeyringUnavailableError) return lookAgain(error);
      // The log has dropped or will drop this task; its successor restores what was committed.
      ports.operatorLog.warn("dispatcher task lost its turn", { partition: ownership.partition, error });
      drop();
    });
  }

  /** Nothing was decided and nothing is lost: the keys may be there at the next look. */
  function lookAgain(error: KeyringUnavailableError): void {
    ports.operatorLog.warn("dispatcher waits for keys", { partition: ownership.partition, error });
    rearm();
  }

  function drop(): void {
    dropped = true;
    cancelWake?.();
  }

  return {
    restoreState: (record) => desk.restoreState(record),
    eventsKnownUpTo: () => desk.eventsKnownUpTo(),
    restoreEvent: (record) => desk.restoreEvent(record),
    resumeAfter(committed) {
      const known = desk.handledUpTo();
      desk.open(clock.now());
      opened = true;
      tick();
      // The position may have been written without the outputs, or these without it: only what the restored desk
      // accounts for was handled for certain, and it skips what it is given again.
      return committed === null || known === null ? null : Math.min(committed, known);
    },
    handle: (records) =>
      inTurn(async () => {
        await keysOf(records);
        if (dropped) return;
        const now = clock.now();
        for (const record of records) desk.take(record, now);
        desk.pump(now);
        await commit();
      }),
    drop,
    figures: () => desk.figures(),
    nudge() {
      if (nudged) return;
      nudged = true;
      tick();
    },
  };
}

function* submittedNumbers(records: readonly Delivered<"requests">[]): Generator<Sealed> {
  for (const record of records) {
    if (record.ok && record.message?.type === "SubmitRequest") yield record.message.terms.to;
  }
}
