/**
 * The keyring of an installation. No data key is kept in memory between two uses: another process may have
 * erased it meanwhile, and an erased key must neither open nor seal anything. A look-up costs microseconds.
 */
import { randomBytes } from "node:crypto";
import { type Keyring, KeyringUnavailableError } from "../../domain/ports/keyring.ts";
import { decrypt, encrypt, IV_BYTES, KEY_BYTES } from "./cipher.ts";
import { openKeyStore, type WrappedKey } from "./key-store.ts";
import { type DataKey, keyIdOf, monthOf, openText, pseudonymOf, sealText } from "./sealed-text.ts";

export type SqliteKeyringOptions = {
  /** The keyring's database; made where there is none. */
  readonly path: string;
  /** Kept apart from it; made, for its owner alone, at the first start. */
  readonly masterKeyPath: string;
  /** How long to wait, standing still, for another process that writes; milliseconds. */
  readonly busyMsMax?: number;
};

const KEY_ID_BYTES = 16;
const SUBJECT_LENGTH_MAX = 200;
/** New keys that one transaction takes; whoever comes later waits for the next. */
const NEW_KEYS_MAX = 1_000;
/** The longest rest between two transactions, however slow the disk. */
const REST_MS_MAX = 10;

/** A data key before and after it is wrapped. */
type NewKey = WrappedKey & DataKey;

type Wish = {
  readonly subject: string;
  readonly month: string;
  readonly done: (key: DataKey) => void;
  readonly failed: (error: unknown) => void;
};

/** Throws `MasterKeyError` when the master key is missing, unsafe or of another keyring. */
export function createSqliteKeyring(options: SqliteKeyringOptions): Keyring {
  const store = openKeyStore(options.path, options.masterKeyPath, options.busyMsMax);
  const { encryption, tenant } = store.master;
  const wishes: Wish[] = [];
  let closed = false;
  let restUntilMs = 0;

  function unwrap({ id, subject, month, wrapped }: WrappedKey): DataKey {
    return { id, subject, key: decrypt(encryption, wrapped, wrapOf(subject, month, id)) };
  }

  function newKey(subject: string, month: string): NewKey {
    const id = randomBytes(KEY_ID_BYTES).toString("base64url");
    const key = randomBytes(KEY_BYTES);
    const wrapped = encrypt(encryption, randomBytes(IV_BYTES), key, wrapOf(subject, month, id));
    return { id, subject, month, key, wrapped };
  }

  function keyOf(subject: string, month: string): Promise<DataKey> {
    const known = store.ofMonth(subject, month);
    if (known !== null) return Promise.resolve(unwrap(known));
    return new Promise((done, failed) => {
      wishes.push({ subject, month, done, failed });
      if (wishes.length === 1) grantSoon();
    });
  }

  // The process stands still while the disk syncs. One sync serves everybody who asks within the same turn, and
  // after each comes a rest as long as itself: a stream of new Customers must not take more than half the time.
  function grantSoon(): void {
    const restMs = restUntilMs - performance.now();
    if (restMs > 0) setTimeout(grantWishes, restMs);
    else setImmediate(grantWishes);
  }

  function addKeys(keys: readonly WrappedKey[]): void {
    const begunMs = performance.now();
    store.add(keys);
    const endedMs = performance.now();
    restUntilMs = endedMs + Math.min(REST_MS_MAX, endedMs - begunMs);
  }

  function grantWishes(): void {
    const granted = wishes.splice(0, NEW_KEYS_MAX);
    if (closed) {
      for (const { failed } of granted) failed(new Error("keyring: closed while a key was being made"));
      return;
    }
    try {
      const made = granted.map(({ subject, month }) => newKey(subject, month));
      addKeys(made);
      for (const [index, { subject, month, done }] of granted.entries()) {
        done(requireKey(subject, month, made[index]));
      }
    } catch (cause) {
      const error = new KeyringUnavailableError("keyring: no key can be stored now; is its disk full?", {
        cause,
      });
      for (const { failed } of granted) failed(error);
    }
    if (wishes.length > 0) grantSoon();
  }

  /** Ours, or the one that somebody else made first. */
  function requireKey(subject: string, month: string, ours: NewKey | undefined): DataKey {
    const kept = store.ofMonth(subject, month);
    if (kept === null) throw new Error("keyring: a key was erased while it was being made; ask again");
    return ours?.id === kept.id ? ours : unwrap(kept);
  }

  return {
    pseudonym: (number) => pseudonymOf(tenant, number),
    async seal(subject, at, plaintext) {
      if (subject.length > SUBJECT_LENGTH_MAX)
        throw new RangeError("keyring: the subject's name is too long");
      return sealText(await keyOf(subject, monthOf(at)), randomBytes(IV_BYTES), plaintext);
    },
    open(sealed) {
      const wrapped = store.byId(keyIdOf(sealed));
      return wrapped === null ? null : openText(unwrap(wrapped), sealed);
    },
    // Async, so that a failure is a rejection as the port has it.
    erase: async (subject) => await Promise.resolve(store.drop(subject)),
    async close() {
      if (closed) return;
      closed = true;
      await Promise.resolve(store.close());
    },
  };
}

function wrapOf(subject: string, month: string, id: string): string {
  return `wrapped key/${subject}/${month}/${id}`;
}
