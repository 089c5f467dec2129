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
