/**
 * The keyring of an installation, on the log's compacted topic `keys`: any process on any machine may make a
 * key, all others follow, and a tombstone ends it everywhere. Keys lie there wrapped; the master key that opens
 * them never does.
 */
import { createSecretKey, type KeyObject } from "node:crypto";
import { parseCustomerKey } from "../../domain/kernel/identifiers.ts";
import type { Sealed } from "../../domain/kernel/sealed.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import { IV_BYTES } from "./cipher.ts";
import { agreeOnMaster, fingerprintOf } from "./founding.ts";
import type { WrappedKey } from "./key-index.ts";
import { appendKeyRecords, type KeyRecordPorts, mintedRecord, tombstoneOf } from "./key-records.ts";
import { takeOverKeyringFile } from "./keyring-file.ts";
import { followKeys, type KnownKeys } from "./known-keys.ts";
import { createMint } from "./minting.ts";
import { createRandomBytes, type RandomBytes } from "./random-bytes.ts";
import { type DataKey, keyIdOf, monthOf, openText, pseudonymOf, sealText } from "./sealed-text.ts";
import { createWrapping, type Wrapping } from "./wrapping.ts";

export type LogKeyringOptions = KeyRecordPorts & {
  readonly operatorLog: OperatorLog;
  /** The same file on every machine. Made, for its owner alone, where the house is new. */
  readonly masterKeyPath: string;
  /** A keyring file of version 0.1 that may be there: what it holds is taken over, and the file removed. */
  readonly formerFile?: string;
  /** Default `KEYS_MAX`. */
  readonly keysMax?: number;
};

export type LogKeyring = Keyring & {
  /** Rejects when the topic can't be followed any more: the process should end and be started again. */
  readonly ended: Promise<void>;
  /** Keys known, for health pages and tests. */
  size(): number;
  /** Drops every Customer's keys of the months before `month`. Answers how many. Accounts keep theirs. */
  forgetBefore(month: string): Promise<number>;
};

/** Keys that a process keeps: about 120 bytes each. Beyond it no new Customer is taken. */
const KEYS_MAX = 4_000_000;
const SUBJECT_LENGTH_MAX = 200;

/** Resolves when every key that there is has been read. Throws `MasterKeyError`, and what the log throws. */
export async function openLogKeyring(options: LogKeyringOptions): Promise<LogKeyring> {
  let wrapping: Wrapping | null = null;
  const known = followKeys(options, (id) => wrapping?.forget(id));
  try {
    await known.caughtUp;
    const master = await agreeOnMaster(options, known);
    if (options.formerFile !== undefined) {
      await takeOverKeyringFile(options.formerFile, fingerprintOf(master), (keys) =>
        adopt(options, known, keys),
      );
    }
    const bytes = createRandomBytes();
    wrapping = createWrapping(master.encryption, bytes);
    return keyringOn(options, known, { wrapping, bytes, tenant: createSecretKey(master.tenant) });
  } catch (error) {
    await known.stop();
    throw error;
  }
}

function keyringOn(
  options: LogKeyringOptions,
  known: KnownKeys,
  secrets: { readonly wrapping: Wrapping; readonly bytes: RandomBytes; readonly tenant: KeyObject },
): LogKeyring {
  const { wrapping, bytes, tenant } = secrets;
  const mint = createMint(options, known, wrapping, options.keysMax ?? KEYS_MAX);

  function keyOf(subject: string, month: string): DataKey | Promise<DataKey> {
    const found = known.index.ofMonth(subject, month);
    return found === null ? mint.make(subject, month) : wrapping.unwrap(found);
  }

  async function sealForLog(subject: string, at: Instant, plaintext: string): Promise<Sealed> {
    if (subject.length > SUBJECT_LENGTH_MAX || subject.includes("|"))
      throw new RangeError("keyring: no subject has such a name");
    return sealText(await keyOf(subject, monthOf(at)), bytes(IV_BYTES), plaintext);
  }

  function openNow(sealed: Sealed): string | null {
    const key = known.look(keyIdOf(sealed)) ?? null;
    return key === null ? null : openText(wrapping.unwrap(key), sealed);
  }

  async function arrived(texts: Iterable<Sealed>): Promise<void> {
    const missing = new Set<string>();
    for (const text of texts) if (known.look(keyIdOf(text)) === undefined) missing.add(keyIdOf(text));
    if (missing.size === 0) return;
    await known.catchUp();
    for (const id of missing) known.conclude(id);
  }

  async function drop(keys: readonly WrappedKey[]): Promise<number> {
    await appendKeyRecords(options, keys.map(tombstoneOf));
    // Seen here at once, not only when the follower has come to it.
    await known.catchUp();
    return keys.length;
  }

  return {
    ended: known.ended,
    size: () => known.index.size(),
    pseudonym: (number) => pseudonymOf(tenant, number),
    async seal(subject, at, plaintext) {
      const sealed = await sealForLog(subject, at, plaintext);
      await mint.settled();
      return sealed;
    },
    sealForLog,
    async open(sealed) {
      await arrived([sealed]);
      return openNow(sealed);
    },
    openNow,
    arrived,
    async erase(subject) {
      await known.catchUp();
      return drop(known.index.ofSubject(subject));
    },
    async forgetBefore(month) {
      await known.catchUp();
      return drop(known.index.before(month).filter(({ subject }) => parseCustomerKey(subject) !== null));
    },
    async close() {
      mint.close();
      await known.stop();
    },
  };
}

/** Stores keys made elsewhere under the same master key, but for those that are known already. */
async function adopt(options: KeyRecordPorts, known: KnownKeys, keys: readonly WrappedKey[]): Promise<void> {
  await known.catchUp();
  const at = options.clock.now();
  const unknown = keys.filter(({ id }) => known.index.byId(id) === null);
  await appendKeyRecords(
    options,
    unknown.map((key) => mintedRecord(key, at)),
  );
  await known.catchUp();
}
