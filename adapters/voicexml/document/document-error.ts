/**
 * A document that may not be entered. VoiceXML 2.0 5.2.6: transport and syntax errors of loading are raised as
 * `error.badfetch` in the document that referred to it. Trying again can't help until its author mends it.
 */
export class DocumentError extends Error {
  readonly retryable = false;
  override readonly name = "DocumentError";
}
