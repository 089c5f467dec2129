/** Raw header values by name, as far as they were read: what a refusal is made of. */
export type RawHeaders = ReadonlyMap<string, readonly string[]>;

/**
 * A message that is no SIP, or not enough of it. `status` is what a request may be answered with; a response or
 * an ACK is dropped. Trying again cannot help.
 */
export class SipSyntaxError extends Error {
  readonly retryable = false;
  override readonly name = "SipSyntaxError";
  readonly status: 400 | 505 | 513;
  /** Set by the reader of the whole message: the method, or null when it is a response or no start line at all. */
  method: string | null = null;
  headers: RawHeaders = new Map();

  constructor(message: string, status: 400 | 505 | 513 = 400) {
    super(`sip: ${message}`);
    this.status = status;
  }
}
