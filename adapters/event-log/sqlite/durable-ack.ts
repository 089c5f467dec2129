/**
 * Durability for many at the price of one: a commit only reaches the operating system, and whoever needs it on
 * the disk waits for an fdatasync of the WAL that began afterwards. One runs at a time; who arrives meanwhile
 * shares the next. Under load hundreds of commits share a sync, and a lone one waits no longer than its own.
 */
import { fdatasync } from "node:fs";

export type Sync = (done: (error: Error | null) => void) => void;

export type DurableAck = { durable(): Promise<void> };

export function syncOf(descriptor: number): Sync {
  return (done) => fdatasync(descriptor, done);
}

/** `onFailure` must not return to work: a sync that failed once may "succeed" later without the lost pages. */
export function createDurableAck(sync: Sync, onFailure: (error: Error) => void): DurableAck {
  let waiting: (() => void)[] = [];
  let running = false;

  function start(): void {
    const served = waiting;
    waiting = [];
    running = true;
    sync((error) => {
      running = false;
      if (error !== null) {
        onFailure(error);
        return;
      }
      for (const resolve of served) resolve();
      if (waiting.length > 0) start();
    });
  }

  return {
    durable: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        if (!running) start();
      }),
  };
}
