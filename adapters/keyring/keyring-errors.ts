/** What is to be opened is not what was sealed: changed, cut, or moved from another place. */
export class SealBrokenError extends Error {
  readonly retryable = false;
  override readonly name = "SealBrokenError";
}

/** The master key is missing, readable by others, or not the one that this keyring was made with. */
export class MasterKeyError extends Error {
  readonly retryable = false;
  override readonly name = "MasterKeyError";
}

/** Keys were dropped, but a reader kept their remains in the write-ahead log. Erasing again finishes it. */
export class ErasureUnfinishedError extends Error {
  readonly retryable = true;
  override readonly name = "ErasureUnfinishedError";
}
