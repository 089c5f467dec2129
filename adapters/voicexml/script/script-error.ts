/**
 * The document's script is at fault: bad syntax, an undeclared name, a thrown value, or more time or memory
 * than a call may use. The session goes on with `event`; running the same script again can't help.
 */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
  readonly event = "error.semantic";
  readonly retryable = false;
}

/** The script engine of this session can't be trusted any more: drop the realm, never use or dispose it. */
export class RealmDead extends Error {
  override readonly name = "RealmDead";
  readonly retryable = false;
}
