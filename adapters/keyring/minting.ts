/**
 * New data keys. Nothing is sealed under one before its record is in the log, and what leaves the house by another
 * way than the log waits until it is durable. Many new Customers at once wait for few appends: while some are
 * under way, everybody who comes is gathered into the next.
 */
import { KeyringUnavailableError } from "../../domain/ports/keyring.ts";
import {
  appendNewKeys,
  KEYS_APPENDED_MAX,
  type KeyRecordPorts,
  mintedRecord,
  toUnavailable,
} from "./key-records.ts";
import type { KnownKeys } from "./known-keys.ts";
import type { DataKey } from "./sealed-text.ts";
import type { NewKey, Wrapping } from "./wrapping.ts";

export type Mint = {
  /** A new key of that subject and month; whoever asks for the same meanwhile gets the same one. */
  make(subject: string, month: string): Promise<DataKey>;
  /** Resolves when every key made here so far would survive a power failure. Throws `KeyringUnavailableError`. */
  settled(): Promise<void>;
  close(): void;
};

/** Keys asked for and not stored yet. Beyond it the log is too slow for this stream of new Customers. */
export const KEYS_WAITING_MAX = 20_000;

/** With one alone, whoever just missed it would wait for two syncs of the disk; with many, nobody would be gathered. */
const APPENDS_AT_ONCE_MAX = 3;

type Wish = NewKey & {
  readonly done: (key: DataKey) => void;
  readonly failed: (error: unknown) => void;
};

export function createMint(
  ports: KeyRecordPorts,
  known: Pick<KnownKeys, "index" | "stored">,
  wrapping: Wrapping,
  keysMax: number,
): Mint {
  const asked = new Map<string, Promise<DataKey>>();
  const wishes: Wish[] = [];
  let storing = 0;
  /** Keys stored here, and how many of them are known to be durable. */
  let stored = 0;
  let durable = 0;
  let closed = false;

  function refuseWhereFull(): void {
    if (asked.size >= KEYS_WAITING_MAX) {
      throw new KeyringUnavailableError(
        `keyring: ${asked.size} new keys wait for the log; it is too slow for so many new Customers`,
      );
    }
    if (known.index.size() + asked.size >= keysMax) {
      throw new KeyringUnavailableError(
        `keyring: it holds ${keysMax} keys, which is the most; let old months go with "reveille keys forget"`,
      );
    }
  }

  function wish(subject: string, month: string): Promise<DataKey> {
    refuseWhereFull();
    const made = wrapping.make(subject, month);
    return new Promise((done, failed) => {
      wishes.push({ ...made, done, failed });
      if (storing < APPENDS_AT_ONCE_MAX) void storeAll();
    });
  }

  async function storeAll(): Promise<void> {
    storing += 1;
    // Everybody who asks within this turn goes along.
    await Promise.resolve();
    while (wishes.length > 0) await storeSome(wishes.splice(0, KEYS_APPENDED_MAX));
    storing -= 1;
  }

  async function storeSome(batch: readonly Wish[]): Promise<void> {
    try {
      if (closed) throw new Error("keyring: closed while a key was being made");
      const at = ports.clock.now();
      const offsets = await appendNewKeys(
        ports,
        batch.map(({ wrapped }) => mintedRecord(wrapped, at)),
      );
      stored += batch.length;
      for (const [nth, one] of batch.entries()) settle(one, offsets[nth] ?? 0);
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
  }

  function settle({ wrapped, dataKey, done, failed }: Wish, offset: number): void {
    if (known.stored(wrapped, offset)) done(wrapping.keep(dataKey));
    else failed(new KeyringUnavailableError("keyring: a key was erased while it was being made; ask again"));
  }

  return {
    async make(subject, month) {
      const name = `${subject}|${month}`;
      const underWay = asked.get(name);
      if (underWay !== undefined) return underWay;
      const making = wish(subject, month).finally(() => asked.delete(name));
      asked.set(name, making);
      return making;
    },
    async settled() {
      const before = stored;
      if (durable >= before) return;
      await ports.log.durable().catch(toUnavailable);
      durable = Math.max(durable, before);
    },
    close() {
      closed = true;
    },
  };
}
