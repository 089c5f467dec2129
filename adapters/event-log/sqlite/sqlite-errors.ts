import { LogDamagedError, LogFullError, LogUnavailableError } from "../../../domain/ports/event-log.ts";

const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;
// A file-size limit (EFBIG) and a quota come as these, ENOSPC as FULL. SQLite keeps no errno to tell them apart.
const IOERR_WRITE = 778;
const IOERR_SHMSIZE = 4874;
const IOERR_FSYNC = 1034;
const IOERR_DIR_FSYNC = 1290;

function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !("errcode" in error)) return null;
  return typeof error.errcode === "number" ? error.errcode : null;
}

export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code !== null && ((code & 0xff) === BUSY || (code & 0xff) === LOCKED);
}

/** A failed fsync: what was written may or may not be there, and asking again would lie. */
export function isSyncFailure(error: unknown): boolean {
  const code = resultCode(error);
  return code === IOERR_FSYNC || code === IOERR_DIR_FSYNC;
}

/** The port's error for what SQLite said; what the port has no name for is answered as it is. */
export function toLogError(error: unknown, path: string): unknown {
  const code = resultCode(error);
  if (code === null) return error;
  if (isBusy(error)) {
    return new LogUnavailableError(`log ${path}: another process holds the write lock`, { cause: error });
  }
  if ((code & 0xff) === FULL || code === IOERR_WRITE || code === IOERR_SHMSIZE) {
    const text = `log ${path}: nothing was written, the disk took no more (SQLite ${code}); free some space`;
    return new LogFullError(text, { cause: error });
  }
  if ((code & 0xff) === CORRUPT || code === NOT_A_DATABASE) {
    const said = error instanceof Error ? error.message : String(error);
    const text = `log ${path}: the file is damaged (${said}); see "After a disk fault" in docs/operations.md`;
    return new LogDamagedError(text, { cause: error });
  }
  return error;
}
