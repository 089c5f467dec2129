/** Every bound of the mail gateway, with its unit. */
export type SmtpLimits = {
  readonly messageBytesMax: number;
  /** A header block beyond it is refused before anything parses it: a hundred thousand addresses cost 111 MB. */
  readonly headerBytesMax: number;
  readonly recipientsMax: number;
  readonly commandBytesMax: number;
  readonly clientsMax: number;
  readonly idleTimeoutMs: number;
  /** For one mail, in the parser's own thread. */
  readonly parseTimeoutMs: number;
  /** Mails in line for the parser; further ones are asked to come again. */
  readonly parseWaitingMax: number;
  readonly parserHeapMb: number;
  /** How far the Date of an unsigned mail may be from our clock, either way. */
  readonly dateWindowMs: number;
  /** For what is under way when the gateway stops. */
  readonly closeTimeoutMs: number;
};

export const SMTP_LIMITS: SmtpLimits = {
  messageBytesMax: 1_048_576,
  headerBytesMax: 65_536,
  recipientsMax: 50,
  commandBytesMax: 2_048,
  clientsMax: 200,
  idleTimeoutMs: 60_000,
  parseTimeoutMs: 2_000,
  parseWaitingMax: 64,
  parserHeapMb: 64,
  dateWindowMs: 3_600_000,
  closeTimeoutMs: 5_000,
};
