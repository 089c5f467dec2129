/** What the parser's thread hands back: plain data, since it crosses between threads. */
export type ParsedMail = {
  /** All text/plain parts, decoded; null where there is none. */
  readonly text: string | null;
  readonly attachments: readonly MailAttachment[];
};

export type MailAttachment = {
  /** Lower case, without parameters. */
  readonly contentType: string;
  readonly name: string | null;
  readonly bytes: Uint8Array;
};

export type ParserJob = { readonly number: number; readonly mail: Uint8Array };

export type ParserWord =
  | { readonly type: "ready" }
  | { readonly type: "parsed"; readonly number: number; readonly mail: ParsedMail }
  | { readonly type: "unreadable"; readonly number: number };
