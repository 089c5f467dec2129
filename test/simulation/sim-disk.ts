/**
 * The disk under a call journal: writes that take only part of what they are given, and syncs that take a moment.
 * The journal above it is the product's own. What a killed process had written stays; what a power cut finds
 * unsynced may be there, or not, or in part, or as garbage.
 */
import type { JournalDisk } from "../../adapters/call-journal/journal-disk.ts";
import type { Dice } from "./dice.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Timeline } from "./timeline.ts";

type File = { data: Buffer; length: number; syncedTo: number };

export type SimDisk = {
  /** As one life of a process sees it. */
  seenBy(life: Incarnation): JournalDisk;
  cutPower(): void;
};

const WRITE_MS_MAX = 4;
const SYNC_MS_MAX = 12;
const SHORT_WRITE = 0.2;
const GARBAGE = 0.3;

function grown(file: File, length: number): Buffer {
  if (length <= file.data.length) return file.data;
  const data = Buffer.alloc(Math.max(length, 2 * file.data.length));
  file.data.copy(data);
  return data;
}

export function createSimDisk(timeline: Timeline, dice: Dice): SimDisk {
  const files = new Map<string, File>();
  const opened = new Map<number, File>();
  let fds = 0;

  const fileOf = (fd: number): File => {
    const file = opened.get(fd);
    if (file === undefined) throw new Error("the simulated disk has no such open file");
    return file;
  };

  /** After a moment, unless the process has died by then. */
  const later = <T>(delay: number, life: Incarnation, action: () => T): Promise<T> =>
    new Promise((resolve) => {
      timeline.at(dice.between(0, delay), life, () => resolve(action()));
    });

  function put(file: File, bytes: Buffer, position: number): number {
    const taken =
      bytes.length > 1 && dice.happens(SHORT_WRITE) ? dice.between(1, bytes.length) : bytes.length;
    file.data = grown(file, position + taken);
    bytes.copy(file.data, position, 0, taken);
    file.length = Math.max(file.length, position + taken);
    file.syncedTo = Math.min(file.syncedTo, position);
    return taken;
  }

  function lose(file: File): void {
    file.length = dice.between(file.syncedTo, file.length);
    if (file.length > file.syncedTo && dice.happens(GARBAGE)) {
      file.data[dice.between(file.syncedTo, file.length - 1)] = dice.between(0, 255);
    }
  }

  return {
    seenBy: (life) => ({
      read(path) {
        const file = files.get(path);
        return file === undefined ? null : Buffer.from(file.data.subarray(0, file.length));
      },
      open(path, empty) {
        const known = files.get(path);
        const file =
          known === undefined || empty ? { data: Buffer.alloc(1_024), length: 0, syncedTo: 0 } : known;
        files.set(path, file);
        fds += 1;
        opened.set(fds, file);
        return fds;
      },
      write: (fd, bytes, position) => later(WRITE_MS_MAX, life, () => put(fileOf(fd), bytes, position)),
      sync(fd) {
        const file = fileOf(fd);
        const upTo = file.length;
        return later(SYNC_MS_MAX, life, () => {
          file.syncedTo = Math.max(file.syncedTo, Math.min(upTo, file.length));
        });
      },
      truncate(fd, bytes) {
        const file = fileOf(fd);
        file.length = Math.min(file.length, bytes);
        file.syncedTo = Math.min(file.syncedTo, bytes);
      },
      close: (fd) => void opened.delete(fd),
      rename(from, to) {
        const file = files.get(from);
        if (file === undefined) throw new Error(`the simulated disk has no ${from}`);
        files.delete(from);
        files.set(to, file);
      },
      remove: (path) => void files.delete(path),
      syncDirectoryOf: () => undefined,
    }),
    cutPower() {
      for (const file of files.values()) lose(file);
    },
  };
}
