/**
 * What is hashed, so that nobody can change a record unseen: the digest of one record, and the chain that runs
 * through all records of a partition. Both sides compute it from here, whoever writes the log and whoever
 * checks it years later on another machine; the hash itself is theirs (SHA-256).
 *
 * Every part stands behind its length, so that no two different records have the same bytes under the hash.
 */

/** A record as it is stored, whatever the log: what its digest is made of. */
export type StoredParts = {
  readonly key: string;
  /** Schema id and Avro; null: a tombstone. */
  readonly body: Uint8Array | null;
  /** The envelope packed as text, without the link of the chain. */
  readonly envelope: string;
};

export const LINK_BYTES = 32;

/** The chain before a partition's first record. */
export const FIRST_LINK: Uint8Array = new Uint8Array(LINK_BYTES);

const LENGTH_BYTES = 4;
/** No body can be as long as that, so that a tombstone is not an empty body. */
const NO_BODY = 0xffff_ffff;
const utf8 = new TextEncoder();

/** The bytes whose hash is the record's digest. */
export function digestInput({ key, body, envelope }: StoredParts): Uint8Array {
  const parts = [utf8.encode(key), body, utf8.encode(envelope)];
  const total = parts.reduce((sum, part) => sum + LENGTH_BYTES + (part?.length ?? 0), 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part?.length ?? NO_BODY);
    at += LENGTH_BYTES;
    if (part === null) continue;
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The bytes whose hash is the next link: the link before it, then the record's digest. */
export function linkInput(before: Uint8Array, digest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(before.length + digest.length);
  bytes.set(before);
  bytes.set(digest, before.length);
  return bytes;
}
