/**
 * The journal of a telephony server in one append-only file. A put resolves when its bytes are on disk; puts
 * that arrive while the disk works share the next write and the next sync. One process per file: a server's
 * name is unique in the installation, and so is its journal.
 */
import type { CallJournal } from "../../domain/ports/call-journal.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import { durableAt } from "./durable-at.ts";
import type { JournalChange } from "./frame.ts";
import { type JournalDisk, NODE_DISK } from "./journal-disk.ts";
import { JournalFailedError, JournalFullError } from "./journal-errors.ts";
import { openJournalFile } from "./journal-file.ts";
import { createLiveEntries, sizeOfChange } from "./live-entries.ts";

export type FileJournalOptions = {
  readonly path: string;
  /** Told when a torn tail was cut off at start, which a crash explains. */
  readonly onTornTail?: (bytes: number) => void;
  /** Ends the process after a failed sync. Tests give one that returns. */
  readonly abort?: (error: unknown) => void;
  readonly limits?: Partial<JournalLimits>;
  readonly disk?: JournalDisk;
  /** Wall clock in milliseconds since the epoch. */
  readonly now?: () => number;
};

type JournalLimits = {
  /** Of all entries that are alive. */
  readonly liveBytesMax: number;
  /** Of one entry. */
  readonly entryBytesMax: number;
  /** Puts that may wait for the disk. */
  readonly waitingMax: number;
  /** A smaller file is never rewritten. */
  readonly compactFromBytes: number;
};

/** A call's offer, grant and outcome take a few kilobytes: this is for tens of thousands of them. */
const LIMITS: JournalLimits = {
  liveBytesMax: 64 * 1024 * 1024,
  entryBytesMax: 256 * 1024,
  waitingMax: 10_000,
  compactFromBytes: 1024 * 1024,
};

/** What one write takes together. */
const BATCH_CHANGES_MAX = 1_000;
const BATCH_BYTES_MAX = 1024 * 1024;
/** A file is rewritten when less than this share of it is alive. */
const LIVE_SHARE_MIN = 0.25;

type Waiting = {
  readonly change: JournalChange;
  readonly done: (durable: Durable) => void;
  readonly failed: (error: unknown) => void;
};

/** Opens, or makes, the file. Throws `JournalCorruptError` for damage that no crash explains. */
export function createFileJournal(options: FileJournalOptions): CallJournal {
  const { path, disk = NODE_DISK, abort = () => process.abort(), now = Date.now } = options;
  const limits: JournalLimits = { ...LIMITS, ...options.limits };
  const file = openJournalFile(path, disk, abort);
  if (file.tornBytes > 0) options.onTornTail?.(file.tornBytes);
  const live = createLiveEntries();
  for (const change of file.restored) live.apply(change);

  const waiting: Waiting[] = [];
  let pumping: Promise<void> | null = null;
  let compactAbove = limits.compactFromBytes;
  /** Why nothing is written any more. */
  let broken: Error | null = null;
  let closed = false;

  function enqueue(change: JournalChange): Promise<Durable> {
    return new Promise((done, failed) => {
      waiting.push({ change, done, failed });
      pumping ??= pump();
    });
  }

  function requireRoom(change: JournalChange): void {
    const bytes = sizeOfChange(change);
    if (bytes > limits.entryBytesMax) {
      throw new RangeError(`call journal: an entry of ${bytes} bytes; the most is ${limits.entryBytesMax}`);
    }
    if (waiting.length >= limits.waitingMax) {
      throw new JournalFullError(`call journal: ${limits.waitingMax} changes wait for the disk of ${path}`);
    }
    if (live.bytes + bytes > limits.liveBytesMax) {
      throw new JournalFullError(
        `call journal: ${live.bytes} of ${limits.liveBytesMax} bytes of ${path} are alive; see why outcomes stay in it`,
      );
    }
  }

  /** One write and one sync at a time, until nobody waits. Never rejects. */
  async function pump(): Promise<void> {
    // Whatever is put in the same turn goes into the same write.
    await Promise.resolve();
    while (waiting.length > 0) await keep(takeBatch(waiting));
    pumping = null;
  }

  async function keep(batch: readonly Waiting[]): Promise<void> {
    try {
      if (broken !== null) throw broken;
      await file.add(batch.map(({ change }) => change));
      for (const { change } of batch) live.apply(change);
      const durable = durableAt(now());
      for (const { done } of batch) done(durable);
      await compactIfDead();
    } catch (error) {
      if (!(error instanceof JournalFullError)) broken = brokenBy(error, path);
      for (const { failed } of batch) failed(error);
    }
  }

  async function compactIfDead(): Promise<void> {
    if (file.bytes <= compactAbove || live.bytes >= file.bytes * LIVE_SHARE_MIN) return;
    const done = await file.rewrite(live.portions(BATCH_BYTES_MAX));
    // Without room for a second file it is tried again when this one has doubled.
    compactAbove = done ? limits.compactFromBytes : file.bytes * 2;
  }

  async function put(key: string, body: string): Promise<Durable> {
    if (closed) throw new JournalFailedError(`call journal: ${path} is closed`);
    const change: JournalChange = ["put", key, body];
    requireRoom(change);
    return await enqueue(change);
  }

  return {
    entries: () => live.copy(),
    put,
    remove(key) {
      // Nobody waits for it. Where it fails, the entry comes back after a restart, which the port allows.
      if (!closed) enqueue(["remove", key]).catch(() => live.apply(["remove", key]));
    },
    async close() {
      if (closed) return;
      closed = true;
      await pumping;
      file.close();
    },
  };
}

/** Takes the oldest changes out, up to what one write takes together. */
function takeBatch(waiting: Waiting[]): readonly Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const { change } of waiting) {
    if (count >= BATCH_CHANGES_MAX || bytes >= BATCH_BYTES_MAX) break;
    bytes += sizeOfChange(change);
    count += 1;
  }
  return waiting.splice(0, count);
}

function brokenBy(error: unknown, path: string): Error {
  return error instanceof Error
    ? error
    : new JournalFailedError(`call journal: ${path} failed`, { cause: error });
}
