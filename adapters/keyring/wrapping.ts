/** Data keys under the master key, and the few of them that are in use, unwrapped. */
import { createSecretKey } from "node:crypto";
import { decrypt, encrypt, IV_BYTES, KEY_BYTES } from "./cipher.ts";
import { KEY_ID_BYTES, type WrappedKey } from "./key-index.ts";
import type { RandomBytes } from "./random-bytes.ts";
import type { DataKey } from "./sealed-text.ts";

export type NewKey = { readonly wrapped: WrappedKey; readonly dataKey: DataKey };

export type Wrapping = {
  make(subject: string, month: string): NewKey;
  /** Throws `SealBrokenError` where it was not wrapped by this master key, or for another subject. */
  unwrap(key: WrappedKey): DataKey;
  /** A key just made is going to be used: keeps it, and gives it back. */
  keep(key: DataKey): DataKey;
  /** Of a key that is no more. */
  forget(id: string): void;
};

/** Unwrapped keys kept; the one that was used longest ago goes first. About 3 MB. */
export const UNWRAPPED_KEPT_MAX = 10_000;

export function createWrapping(encryptionKey: Uint8Array, bytes: RandomBytes): Wrapping {
  const master = createSecretKey(encryptionKey);
  const unwrapped = new Map<string, DataKey>();

  /** As the newest. */
  function keep(key: DataKey): DataKey {
    unwrapped.delete(key.id);
    unwrapped.set(key.id, key);
    const oldest = unwrapped.keys().next().value;
    if (unwrapped.size > UNWRAPPED_KEPT_MAX && oldest !== undefined) unwrapped.delete(oldest);
    return key;
  }

  return {
    make(subject, month) {
      const drawn = bytes(KEY_ID_BYTES + IV_BYTES + KEY_BYTES);
      const id = drawn.toString("base64url", 0, KEY_ID_BYTES);
      const iv = drawn.subarray(KEY_ID_BYTES, KEY_ID_BYTES + IV_BYTES);
      const key = drawn.subarray(KEY_ID_BYTES + IV_BYTES);
      const box = encrypt(master, iv, key, belongsTo({ id, subject, month }));
      return {
        wrapped: { id, subject, month, wrapped: box },
        dataKey: { id, subject, key: createSecretKey(key) },
      };
    },
    unwrap(wrapped) {
      const { id, subject } = wrapped;
      const known = unwrapped.get(id);
      if (known !== undefined) return keep(known);
      const key = decrypt(master, wrapped.wrapped, belongsTo(wrapped));
      return keep({ id, subject, key: createSecretKey(key) });
    },
    keep,
    forget: (id) => void unwrapped.delete(id),
  };
}

function belongsTo({ id, subject, month }: Pick<WrappedKey, "id" | "subject" | "month">): string {
  return `wrapped key/${subject}/${month}/${id}`;
}
