import { createMemoryJournal, type MemoryDisk } from "../../adapters/call-journal/memory-journal.ts";
import type { CallJournal } from "../../domain/ports/call-journal.ts";
import type { Dice } from "./dice.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Timeline } from "./timeline.ts";

const SYNC_MS_MAX = 10;

/** The journal of one life on a disk that outlives it: an entry may be on the disk though nobody was told. */
export function openSimJournal(
  world: { readonly timeline: Timeline; readonly dice: Dice },
  life: Incarnation,
  disk: MemoryDisk,
): CallJournal {
  const { timeline, dice } = world;
  const journal = createMemoryJournal(disk);
  const wait = (): Promise<void> =>
    new Promise((resolve) => {
      timeline.at(dice.between(0, SYNC_MS_MAX), life, resolve);
    });
  // One file: what is put later is written later.
  let turn: Promise<unknown> = Promise.resolve();
  return {
    entries: () => journal.entries(),
    put(key, body) {
      const written = turn.then(async () => {
        await wait();
        const durable = await journal.put(key, body);
        await wait();
        return durable;
      });
      turn = written;
      return written;
    },
    remove: (key) => journal.remove(key),
    close: () => journal.close(),
  };
}
