/**
 * The inputs of all partitions that a worker owns, over one set of connections: fetched ahead into a small
 * buffer each, so that a slow task keeps nobody else waiting, and no task waits for a fetch of others.
 */

import { INPUT_BATCH_MAX } from "../owned-partition.ts";
import { createWaker, type Waker } from "../waker.ts";
import { type FetchedPart, type FetchedRecord, type KafkaReader, LogGapError } from "./kafka-driver.ts";
import { untilAnswered } from "./kafka-wiring.ts";

/** Records fetched ahead of a task; beyond it its partition is left out of the fetches. */
export const AHEAD_RECORDS_MAX = 1_000;

type Tap = {
  cursor: number;
  buffer: FetchedRecord[];
  failure: LogGapError | null;
  closed: boolean;
  readonly waker: Waker;
};

export type Inputs = {
  /** Waits for input; empty once closed. Throws what has befallen the partition. */
  take(): Promise<readonly FetchedRecord[]>;
  close(): void;
};

export type InputPump = {
  /** From this offset on. One at a time per partition. */
  open(partition: number, from: number): Inputs;
  /** Rejects when the brokers refuse for good. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
};

export function startInputPump(reader: KafkaReader, topic: string): InputPump {
  const taps = new Map<number, Tap>();
  const waker = createWaker();
  let stopped = false;
  const isStopped = (): boolean => stopped;

  function cursors(): ReadonlyMap<number, number> {
    const hungry = [...taps].filter(
      ([, tap]) => tap.failure === null && tap.buffer.length < AHEAD_RECORDS_MAX,
    );
    return new Map(hungry.map(([partition, tap]) => [partition, tap.cursor]));
  }

  function fill(part: FetchedPart): void {
    const tap = taps.get(part.partition);
    // Of a former owner, or from before the connections were dropped.
    if (tap === undefined || tap.cursor !== part.from) return;
    tap.cursor = part.next;
    tap.buffer.push(...part.records);
    if (part.records.length > 0) tap.waker.ring();
  }

  async function fetchOnce(): Promise<void> {
    try {
      const parts = await untilAnswered(isStopped, () => reader.fetch(topic, cursors()));
      for (const part of parts) fill(part);
    } catch (error) {
      if (!(error instanceof LogGapError)) throw error;
      failTaps(error);
    }
  }

  /** The others go on: a gap of one partition is no reason to keep any other waiting. */
  function failTaps(error: LogGapError): void {
    for (const [partition, tap] of taps) {
      if (error.partition !== null && error.partition !== partition) continue;
      tap.failure = error;
      tap.waker.ring();
    }
  }

  async function run(): Promise<void> {
    try {
      while (!isStopped()) {
        if (cursors().size === 0) await waker.wait();
        if (!stopped && cursors().size > 0) await fetchOnce();
      }
    } catch (error) {
      if (!stopped) throw error;
    } finally {
      stopped = true;
      await reader.close();
    }
  }

  const ended = run();
  ended.catch(() => undefined);
  return {
    ended,
    open(partition, from) {
      const tap: Tap = { cursor: from, buffer: [], failure: null, closed: false, waker: createWaker() };
      taps.set(partition, tap);
      waker.ring();
      return {
        async take() {
          while (tap.buffer.length === 0 && tap.failure === null && !tap.closed) await tap.waker.wait();
          if (tap.closed) return [];
          if (tap.buffer.length === 0 && tap.failure !== null) throw tap.failure;
          const taken = tap.buffer.splice(0, INPUT_BATCH_MAX);
          waker.ring();
          return taken;
        },
        close() {
          tap.closed = true;
          tap.waker.ring();
          if (taps.get(partition) === tap) taps.delete(partition);
        },
      };
    },
    async stop() {
      stopped = true;
      waker.ring();
      await ended.catch(() => undefined);
    },
  };
}
