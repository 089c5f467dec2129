/**
 * An export as it lies in a file: one JSON object per line, UTF-8, each line ended by a line feed. First a header,
 * then each range with what it holds, last the signature. `docs/auditors.md` describes it for those who write
 * their own checker; nothing here may change without a new version.
 */
import { linkInput } from "../kernel/record-chain.ts";

export const EXPORT_KIND = "reveille-audit-export";
export const EXPORT_VERSION = 1;
/** Digests in one line of left-out records: 44 characters each. */
export const LEFT_OUT_PER_LINE_MAX = 1_000;
/** A line that is longer is none of ours: a record may have a megabyte, in base64 and with its envelope. */
export const LINE_BYTES_MAX = 8_000_000;

/** A schema that bodies in the file were written with. */
export type ExportedSchema = {
  /** The number in the bodies. */
  readonly id: number;
  readonly subject: string;
  readonly version: number;
  /** Of the schema's JSON without white space. */
  readonly sha256: string;
  readonly avro: string;
};

/** A stretch of one partition, from the first to the last record that was asked for. */
export type ExportedRange = {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
  /** Records in the file; the others of the stretch are there by their digests. */
  readonly records: number;
  readonly leftOut: number;
  /** The link before the first record; null where the log does not reach back to where a link is known. */
  readonly anchor: string | null;
};

export type ExportHeader = {
  readonly kind: typeof EXPORT_KIND;
  readonly version: typeof EXPORT_VERSION;
  readonly madeAt: string;
  /** What was asked for, in words of the command. */
  readonly selection: Readonly<Record<string, string>>;
  readonly ranges: readonly ExportedRange[];
  readonly schemas: readonly ExportedSchema[];
};

export type RecordLine = {
  readonly kind: "record";
  readonly offset: number;
  /** When the log took it; not part of the digest. */
  readonly at: string;
  readonly key: string;
  /** Base64; null: a tombstone. */
  readonly body: string | null;
  readonly envelope: string;
  readonly digest: string;
  readonly link: string | null;
  /**
   * Place in the header's `schemas`, from 0. Only where the number in the body stands for several of them: a schema
   * registry that came later than some of the records numbers otherwise than those before it.
   */
  readonly schema?: number;
};

/** Records between two that were asked for: 32 bytes each, in base64. */
type LeftOutLine = { readonly kind: "left-out"; readonly count: number; readonly digests: string };
type RangeLine = { readonly kind: "range"; readonly partition: number };
/** The link after the last record of the range. */
type EndLine = { readonly kind: "end"; readonly partition: number; readonly link: string | null };
export type SignatureLine = {
  readonly kind: "signature";
  /** Lines before this one. */
  readonly lines: number;
  readonly hash: string;
  readonly publicKey: string;
  readonly signature: string;
};
export type BodyLine = RangeLine | RecordLine | LeftOutLine | EndLine;

/** What is hashed for the file's hash after each line: the hash so far, then the line's own. */
export const fileHashInput = linkInput;

/** What is signed. */
export function signedText({ lines, hash }: Pick<SignatureLine, "lines" | "hash">): Uint8Array {
  return new TextEncoder().encode(`reveille audit export v${EXPORT_VERSION}\n${lines} lines\n${hash}\n`);
}
