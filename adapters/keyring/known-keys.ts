/**
 * What this process knows of `keys`: the fold of the topic, by following it, and by reading on to its end when
 * somebody asks for a key that has not come yet. A text never leaves a process before the record of its key is
 * in the log; so a key that is still unknown once everything has been read is gone, or never was. No guess about
 * time is in that answer.
 */

import { milliseconds } from "../../domain/kernel/time.ts";
import { type KeyMessage, keyIdOfRecord } from "../../domain/keys/messages.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";
import { KeyringUnavailableError } from "../../domain/ports/keyring.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import { createClosing } from "./closing-record.ts";
import { createKeyIndex, type KeyIndex, type WrappedKey } from "./key-index.ts";
import { KEYS_PARTITION, type KeyRecordPorts, toUnavailable } from "./key-records.ts";

export type KnownKeys = {
  readonly index: Omit<KeyIndex, "add" | "remove">;
  /** Resolves when what was there at the start is known. */
  readonly caughtUp: Promise<void>;
  /** Rejects when the log failed for good. */
  readonly ended: Promise<void>;
  /** Fingerprint of the house's first master key; null: none yet. */
  founded(): string | null;
  /** The key, null: gone or never was, undefined: perhaps on its way. */
  look(id: string): WrappedKey | null | undefined;
  /** After this every key is known that was stored before the call. Throws `KeyringUnavailableError`. */
  catchUp(): Promise<void>;
  /** After a `catchUp` that began when `id` was unknown: what is unknown still, is gone. */
  conclude(id: string): void;
  /** A key of ours, just stored at `offset`. False where it has been erased since. */
  stored(key: WrappedKey, offset: number): boolean;
  stop(): Promise<void>;
};

/** Ids known to be gone; whatever falls out of the list is looked for again. */
export const GONE_KEPT_MAX = 10_000;
/** How long somebody waits for a key that another process made. */
export const CATCH_UP_MS_MAX = 5_000;

export function followKeys(
  ports: KeyRecordPorts & { readonly operatorLog: OperatorLog },
  onGone: (id: string) => void,
): KnownKeys {
  const { log, clock, operatorLog } = ports;
  const index = createKeyIndex();
  const gone = new Set<string>();
  let founded: string | null = null;
  /** Offset of the newest record folded. */
  let known = -1;
  let reading: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const closing = createClosing(ports);

  /** The follower and a reader may bring the same records: each is taken once, in order. */
  function take(record: Delivered<"keys">): void {
    if (record.offset <= known) return;
    known = record.offset;
    if (!record.ok) {
      operatorLog.error("a record of a key can't be read; what it sealed stays closed", {
        offset: record.offset,
        reason: record.reason,
      });
    } else if (record.message === null) drop(record.key);
    else fold(record.message);
    const isTombstone = record.ok && record.message === null;
    closing.seen(record.appendedAt, isTombstone && keyIdOfRecord(record.key) !== null);
  }

  function fold(message: KeyMessage): void {
    if (message.type === "KeyringFounded") {
      founded ??= message.fingerprint;
      return;
    }
    const { keyId: id, subject, month } = message;
    gone.delete(id);
    if (!index.add({ id, subject, month, wrapped: Buffer.from(message.wrapped, "base64url") })) {
      operatorLog.error("a record of a key is malformed; what it sealed stays closed", { month });
    }
  }

  function drop(recordKey: string): void {
    const id = keyIdOfRecord(recordKey);
    if (id === null) return;
    index.remove(id);
    onGone(id);
    markGone(id);
  }

  function markGone(id: string): void {
    gone.add(id);
    const [oldest] = gone;
    if (gone.size > GONE_KEPT_MAX && oldest !== undefined) gone.delete(oldest);
  }

  async function readOn(): Promise<void> {
    for await (const records of log.read("keys", KEYS_PARTITION, { from: known + 1 })) {
      for (const record of records) take(record);
    }
  }

  function startReading(): Promise<void> {
    next = null;
    const mine = readOn()
      .catch(toUnavailable)
      .finally(() => {
        if (reading === mine) reading = null;
      });
    reading = mine;
    return mine;
  }

  /** One reading at a time; whoever comes meanwhile shares the next, for the present one may be too old. */
  function freshReading(): Promise<void> {
    if (reading === null) return startReading();
    next ??= reading.then(startReading, startReading);
    return next;
  }

  function catchUp(): Promise<void> {
    const late = Promise.withResolvers<never>();
    const cancel = clock.schedule(milliseconds(CATCH_UP_MS_MAX), () =>
      late.reject(
        new KeyringUnavailableError(`keyring: the log did not tell its keys within ${CATCH_UP_MS_MAX} ms`),
      ),
    );
    return Promise.race([freshReading(), late.promise]).finally(cancel);
  }

  const subscription = log.follow("keys", "start", (records) => {
    for (const record of records) take(record);
  });
  // Whoever waits for it hears of it; a keyring that is closed early must not be told twice.
  subscription.ended.catch(() => undefined);

  return {
    index,
    caughtUp: subscription.caughtUp,
    ended: subscription.ended,
    founded: () => founded,
    look: (id) => (gone.has(id) ? null : (index.byId(id) ?? undefined)),
    catchUp,
    conclude(id) {
      if (index.byId(id) === null) markGone(id);
    },
    stored(key, offset) {
      // Where the fold is past it already, the fold is right: somebody may have erased the subject meanwhile.
      if (offset > known) index.add(key);
      return index.byId(key.id) !== null;
    },
    async stop() {
      closing.stop();
      await subscription.stop();
    },
  };
}
