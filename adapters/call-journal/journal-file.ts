/**
 * The file under the journal: frames are added at its end and synced, or it is as it was before. It is
 * rewritten when most of it is dead.
 *
 * A failed sync ends the process: what the kernel then still has in memory, it may call clean and drop, so a
 * second sync that succeeds would prove nothing.
 */
import { encodeFrame, type JournalChange, scanFrames } from "./frame.ts";
import { type JournalDisk, writeAll } from "./journal-disk.ts";
import {
  JournalCorruptError,
  JournalFailedError,
  type JournalFullError,
  writeError,
} from "./journal-errors.ts";

export interface JournalFile {
  /** What the file held when it was opened. */
  readonly restored: readonly JournalChange[];
  /** Bytes that a crash had left behind the last whole frame, now cut off. */
  readonly tornBytes: number;
  readonly bytes: number;
  /** On disk when it resolves. Throws `JournalFullError` with the file unchanged, or `JournalFailedError`. */
  add(changes: readonly JournalChange[]): Promise<void>;
  /** Replaces all frames by these. False when there was no room for both: the old ones stay. */
  rewrite(portions: Iterable<readonly JournalChange[]>): Promise<boolean>;
  close(): void;
}

/** Throws `JournalCorruptError` for damage that no crash explains. `abort` ends the process. */
export function openJournalFile(
  path: string,
  disk: JournalDisk,
  abort: (error: unknown) => void,
): JournalFile {
  const nextPath = `${path}.new`;
  disk.remove(nextPath);
  const found = disk.read(path) ?? Buffer.alloc(0);
  const { changes: restored, goodBytes, corruptAt } = scanFrames(found);
  if (corruptAt !== null) {
    throw new JournalCorruptError(
      `call journal: ${path} is unreadable at byte ${corruptAt}, before readable records; ` +
        "restore it, or move it away and account for its calls by hand",
    );
  }
  let fd = disk.open(path, false);
  let bytes = goodBytes;
  if (found.length > bytes) disk.truncate(fd, bytes);
  disk.syncDirectoryOf(path);

  async function sync(file: number): Promise<void> {
    try {
      await disk.sync(file);
    } catch (cause) {
      abort(cause);
      throw new JournalFailedError(`call journal: ${path} could not be synced; its disk is failing`, {
        cause,
      });
    }
  }

  function cutBack(error: JournalFullError | JournalFailedError): Error {
    try {
      disk.truncate(fd, bytes);
      return error;
    } catch (cause) {
      return new JournalFailedError(`call journal: a torn write can't be cut off ${path}`, { cause });
    }
  }

  async function writeNext(
    portions: Iterable<readonly JournalChange[]>,
  ): Promise<{ fd: number; bytes: number }> {
    const next = { fd: disk.open(nextPath, true), bytes: 0 };
    try {
      for (const portion of portions) {
        const frame = encodeFrame(portion);
        await writeAll(disk, next.fd, frame, next.bytes);
        next.bytes += frame.length;
      }
      return next;
    } catch (error) {
      disk.close(next.fd);
      disk.remove(nextPath);
      throw error;
    }
  }

  function renamed(next: number): boolean {
    try {
      disk.rename(nextPath, path);
    } catch {
      // The old file still has its name and all that it held: nothing is lost but space.
      disk.close(next);
      return false;
    }
    try {
      disk.syncDirectoryOf(path);
    } catch (cause) {
      // Which of the two files the name means after a power failure, nobody can say now.
      abort(cause);
      throw new JournalFailedError(`call journal: the directory of ${path} could not be synced`, { cause });
    }
    return true;
  }

  return {
    restored,
    tornBytes: found.length - goodBytes,
    get bytes() {
      return bytes;
    },
    async add(changes) {
      const frame = encodeFrame(changes);
      try {
        await writeAll(disk, fd, frame, bytes);
      } catch (cause) {
        throw cutBack(writeError(path, cause));
      }
      await sync(fd);
      bytes += frame.length;
    },
    async rewrite(portions) {
      const next = await writeNext(portions).catch(noRoom);
      if (next === null) return false;
      await sync(next.fd);
      if (!renamed(next.fd)) return false;
      disk.close(fd);
      ({ fd, bytes } = next);
      return true;
    },
    close: () => disk.close(fd),
  };
}

/** Rewriting only saves space: that it can't be done now is nobody's error. */
function noRoom(): null {
  return null;
}
