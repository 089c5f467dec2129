import type { CallJournal } from "../../domain/ports/call-journal.ts";
import { durableAt } from "./durable-at.ts";
import { JournalFailedError } from "./journal-errors.ts";
import { createLiveEntries, type LiveEntries } from "./live-entries.ts";

/** What a memory journal writes to; handed to the next one, it is a disk that survived a crash. */
export type MemoryDisk = LiveEntries;

export function createMemoryDisk(): MemoryDisk {
  return createLiveEntries();
}

/** For tests and the simulator: durable in the eyes of whoever holds its disk. */
export function createMemoryJournal(
  disk: MemoryDisk = createMemoryDisk(),
  now: () => number = () => 0,
): CallJournal {
  let closed = false;
  return {
    entries: () => disk.copy(),
    async put(key, body) {
      if (closed) throw new JournalFailedError("call journal: it is closed");
      await Promise.resolve();
      disk.apply(["put", key, body]);
      return durableAt(now());
    },
    remove(key) {
      if (!closed) disk.apply(["remove", key]);
    },
    async close() {
      closed = true;
      await Promise.resolve();
    },
  };
}
