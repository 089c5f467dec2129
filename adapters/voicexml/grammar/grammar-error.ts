/** The grammar can't be used. Whoever wrote the document can mend it; trying again can't help. */
export class GrammarError extends Error {
  override readonly name = "GrammarError";
  readonly retryable = false;
  /** The VoiceXML event to throw: error.grammar, error.badfetch, error.unsupported.builtin … */
  readonly event: string;

  constructor(event: string, message: string) {
    super(message);
    this.event = event;
  }
}
