/** The few things that the journal does to a disk, apart, so that a test can make each of them fail. */
import {
  closeSync,
  constants,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  write,
} from "node:fs";
import { dirname } from "node:path";

const { O_CREAT, O_RDWR, O_TRUNC } = constants;

export interface JournalDisk {
  /** Null when there is no such file. */
  read(path: string): Buffer | null;
  /** Opens for writing, making the file where there is none, for its owner only. */
  open(path: string, empty: boolean): number;
  /** Writes some of the bytes at a place, and answers how many: fewer than asked is no error. */
  write(fd: number, bytes: Buffer, position: number): Promise<number>;
  sync(fd: number): Promise<void>;
  truncate(fd: number, bytes: number): void;
  close(fd: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Makes the names in the file's directory durable. */
  syncDirectoryOf(path: string): void;
}

export const NODE_DISK: JournalDisk = {
  read(path) {
    try {
      return readFileSync(path);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
      throw error;
    }
  },
  // Not for appending: Linux would then ignore the place that a write names.
  open: (path, empty) => openSync(path, O_RDWR | O_CREAT | (empty ? O_TRUNC : 0), 0o600),
  write: (fd, bytes, position) =>
    new Promise((resolve, reject) => {
      write(fd, bytes, 0, bytes.length, position, (error, written) =>
        error === null ? resolve(written) : reject(error),
      );
    }),
  sync: (fd) =>
    new Promise((resolve, reject) => {
      fdatasync(fd, (error) => (error === null ? resolve() : reject(error)));
    }),
  truncate: ftruncateSync,
  close: closeSync,
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
  syncDirectoryOf(path) {
    const fd = openSync(dirname(path), "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
};

/** Writes everything at `position`; a short write is gone on with, one that writes nothing is an error. */
export async function writeAll(
  disk: JournalDisk,
  fd: number,
  bytes: Buffer,
  position: number,
): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const written = await disk.write(fd, bytes.subarray(done), position + done);
    if (written <= 0) throw new Error("call journal: a write took no bytes");
    done += written;
  }
}
