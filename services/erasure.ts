/**
 * Forgets a Customer: drops its keys first, so that nothing sealed can be read any more whatever happens next,
 * then its preferences, then has the partition's owner take back what is open. A call in progress is hung up; its
 * last facts are sealed under a new key, so when everything has ended the keys are dropped once more.
 */
import { unownedEnvelope } from "../domain/kernel/envelope.ts";
import {
  type CustomerKey,
  parseRequestId,
  type RequestId,
  slotOfCustomer,
  slotOfName,
} from "../domain/kernel/identifiers.ts";
import { parsePhoneNumber } from "../domain/kernel/phone-number.ts";
import type { Milliseconds } from "../domain/kernel/time.ts";
import type { Chance } from "../domain/ports/chance.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { Erased, Erasure } from "../domain/ports/erasure.ts";
import type { Delivered, EventLog } from "../domain/ports/event-log.ts";
import type { Keyring } from "../domain/ports/keyring.ts";
import { isTerminal } from "../domain/request/events.ts";
import { customerRecordKey } from "../projections/directory.ts";

export type ErasurePorts = {
  readonly log: Pick<EventLog, "append" | "follow">;
  readonly keyring: Pick<Keyring, "erase" | "pseudonym">;
  readonly clock: Clock;
  readonly chance: Pick<Chance, "ulid">;
};

/** `patience`: how long to wait for the dispatcher's answer, and for calls in progress to end. */
export function createErasure(ports: ErasurePorts, patience: Milliseconds): Erasure {
  const { log, keyring, clock, chance } = ports;

  function envelope(id: string): ReturnType<typeof unownedEnvelope> {
    return unownedEnvelope({
      id,
      source: "administration",
      subject: null,
      time: clock.now(),
      causationId: null,
    });
  }

  async function dropPreferences(customer: CustomerKey): Promise<void> {
    const key = customerRecordKey(customer);
    await log.append("directory", [
      { key, slot: slotOfName(key), envelope: envelope(chance.ulid()), message: null },
    ]);
  }

  /** Has the owner take back what is open, and hears how that ends, as far as patience goes. */
  async function takeBack(customer: CustomerKey, keys: number): Promise<Consequences> {
    const command = chance.ulid();
    const seen: Consequences = { takenBack: new Set(), stillCalling: new Set(), isConfirmed: false };
    const over = Promise.withResolvers<void>();
    const subscription = log.follow("events", "end", (records) => {
      for (const record of records) note(record, command, seen);
      if (seen.isConfirmed && seen.stillCalling.size === 0) over.resolve();
    });
    subscription.ended.catch(over.reject);
    try {
      await subscription.caughtUp;
      await log.append("requests", [
        {
          key: customer,
          slot: slotOfCustomer(customer),
          envelope: envelope(command),
          message: { type: "EraseCustomer", customer, keys, at: clock.now() },
        },
      ]);
      const cancel = clock.schedule(patience, over.resolve);
      await over.promise.finally(cancel);
      return seen;
    } finally {
      await subscription.stop();
    }
  }

  return {
    async erase(who): Promise<Erased> {
      const number = parsePhoneNumber(who);
      const customer = number === null ? (who as CustomerKey) : keyring.pseudonym(number);
      const keys = await keyring.erase(customer);
      await dropPreferences(customer);
      const { takenBack, stillCalling, isConfirmed } = await takeBack(customer, keys);
      const late = await keyring.erase(customer);
      return {
        customer,
        keys: keys + late,
        takenBack: [...takenBack],
        stillCalling: [...stillCalling],
        isConfirmed,
      };
    },
  };
}

type Consequences = {
  readonly takenBack: Set<RequestId>;
  readonly stillCalling: Set<RequestId>;
  isConfirmed: boolean;
};

function note(record: Delivered<"events">, command: string, seen: Consequences): void {
  if (!record.ok || record.message === null) return;
  const { causationId, subject } = record.envelope;
  const request = parseRequestId(subject ?? "");
  if (causationId === command && record.message.type === "CustomerErased") seen.isConfirmed = true;
  if (request === null) return;
  if (causationId === command && record.message.type === "CancelRequested") {
    seen.takenBack.add(request);
    seen.stillCalling.add(request);
  }
  if (isTerminal(record.message)) seen.stillCalling.delete(request);
}
