/** The `keys` topic as the keyring writes it. */
import { unownedEnvelope } from "../../domain/kernel/envelope.ts";
import { slotOfName } from "../../domain/kernel/identifiers.ts";
import { foundedRecordKey, type KeyMessage, keyRecordKey } from "../../domain/keys/messages.ts";
import type { Chance } from "../../domain/ports/chance.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import {
  type Entry,
  type EventLog,
  LogFullError,
  LogUnavailableError,
} from "../../domain/ports/event-log.ts";
import { KeyringUnavailableError } from "../../domain/ports/keyring.ts";
import type { WrappedKey } from "./key-index.ts";

export type KeyRecordPorts = {
  readonly log: Pick<EventLog, "append" | "appendAhead" | "durable" | "follow" | "read">;
  readonly clock: Clock;
  readonly chance: Pick<Chance, "ulid">;
};

type KeyRecord = { readonly key: string; readonly message: KeyMessage | null };

/** One partition: what counts as the first master key, and what a tombstone ends, is told by the order. */
export const KEYS_PARTITION = 0;
const SLOT = slotOfName("keys");
/** Records in one append: bounds its transaction. */
export const KEYS_APPENDED_MAX = 1_000;

/** Durable when it resolves. Throws `KeyringUnavailableError`. */
export async function appendKeyRecords(ports: KeyRecordPorts, records: readonly KeyRecord[]): Promise<void> {
  for (let first = 0; first < records.length; first += KEYS_APPENDED_MAX) {
    const entries = entriesOf(ports, records.slice(first, first + KEYS_APPENDED_MAX));
    await ports.log.append("keys", entries).catch(toUnavailable);
  }
}

/**
 * New keys, `KEYS_APPENDED_MAX` at most: in the log ahead of whatever is appended once it resolves. Answers their
 * offsets, in the order given. Throws `KeyringUnavailableError`.
 */
export async function appendNewKeys(
  ports: KeyRecordPorts,
  records: readonly KeyRecord[],
): Promise<readonly number[]> {
  const positions = await ports.log.appendAhead("keys", entriesOf(ports, records)).catch(toUnavailable);
  return positions.map(({ offset }) => offset);
}

function entriesOf({ clock, chance }: KeyRecordPorts, records: readonly KeyRecord[]): Entry<"keys">[] {
  return records.map(({ key, message }) => {
    const about = { id: chance.ulid(), source: "keyring", subject: null, time: clock.now() };
    return { key, slot: SLOT, message, envelope: unownedEnvelope({ ...about, causationId: null }) };
  });
}

/** Throws the port's error for what the log said, when trying again can help. */
export function toUnavailable(cause: unknown): never {
  if (!(cause instanceof LogUnavailableError || cause instanceof LogFullError)) throw cause;
  throw new KeyringUnavailableError(`keyring: no key can be stored or looked up now; ${cause.message}`, {
    cause,
  });
}

export function mintedRecord(key: WrappedKey, at: ReturnType<Clock["now"]>): KeyRecord {
  const { id: keyId, subject, month } = key;
  const wrapped = Buffer.from(key.wrapped).toString("base64url");
  return {
    key: keyRecordKey({ subject, month, keyId }),
    message: { type: "KeyMinted", subject, month, keyId, wrapped, at },
  };
}

export function tombstoneOf({ id, subject, month }: WrappedKey): KeyRecord {
  return { key: keyRecordKey({ subject, month, keyId: id }), message: null };
}

export function foundedRecord(fingerprint: string, at: ReturnType<Clock["now"]>): KeyRecord {
  return { key: foundedRecordKey(fingerprint), message: { type: "KeyringFounded", fingerprint, at } };
}
