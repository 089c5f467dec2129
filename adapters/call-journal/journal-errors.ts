/** The disk under the journal, or the journal itself, is full: nothing of this entry was kept, all else was. */
export class JournalFullError extends Error {
  readonly retryable = true;
  override readonly name = "JournalFullError";
}

/** The journal can't be written any more, or was closed. Only a restart helps. */
export class JournalFailedError extends Error {
  readonly retryable = false;
  override readonly name = "JournalFailedError";
}

/** A record before others is unreadable: the disk changed what was once safe. Only a person can decide. */
export class JournalCorruptError extends Error {
  readonly retryable = false;
  override readonly name = "JournalCorruptError";
}

const FULL_CODES: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** What a failed write means to whoever asked for it. */
export function writeError(path: string, cause: unknown): JournalFullError | JournalFailedError {
  const code = cause instanceof Error && "code" in cause ? cause.code : null;
  return FULL_CODES.has(code)
    ? new JournalFullError(`call journal: no space to write ${path}; free some on its disk`, { cause })
    : new JournalFailedError(`call journal: can't write ${path}; see the cause and mend the disk`, { cause });
}
