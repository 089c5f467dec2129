/** Small records for tests of the log: what they say does not matter, where they stand does. */
import type { Envelope } from "../../domain/kernel/envelope.ts";
import {
  type OfferId,
  parseSenderId,
  requestId,
  type SenderId,
  type ServerId,
  type Slot,
} from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import type { Entry } from "../../domain/ports/event-log.ts";

export const NOW = instant(1_800_000_000_000);
const SENDER = parseSenderId("acme") ?? ("" as SenderId);

export function envelopeOf(id: string): Envelope {
  return {
    id,
    source: "test",
    subject: null,
    time: NOW,
    sequence: null,
    correlationId: id,
    causationId: null,
    causeOffset: null,
    ownerEpoch: null,
  };
}

function numbered(number: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, number);
  return bytes;
}

/** A command on partition `slot`, told apart by its id `in-<number>`. */
export function inputEntry(number: number, partition = 0): Entry<"requests"> {
  const slot = partition as Slot;
  const request = requestId(numbered(number), slot);
  const message = { type: "CancelRequest", requestId: request, sender: SENDER, at: NOW } as const;
  return { key: request, slot, envelope: envelopeOf(`in-${number}`), message };
}

export function eventEntry(fact: string, partition = 0, cause: string | null = null): Entry<"events"> {
  const message = { type: "FactIgnored", at: NOW, fact, reason: "test" } as const;
  return {
    key: `customer-${partition}`,
    slot: partition as Slot,
    envelope: { ...envelopeOf(`ev-${fact}`), causationId: cause },
    message,
  };
}

export function stateEntry(key: string, snapshot: string | null, partition = 0): Entry<"state"> {
  const message =
    snapshot === null ? null : ({ type: "RequestState", seq: 1, handledUpTo: null, snapshot } as const);
  return { key, slot: partition as Slot, envelope: envelopeOf(`st-${key}`), message };
}

export function offerEntry(partition = 0): Entry<"offers"> {
  const input = inputEntry(partition, partition);
  const request = requestId(numbered(partition), partition as Slot);
  const message = {
    type: "HangUp",
    server: "tel-1" as ServerId,
    offer: `${request}#1` as OfferId,
    requestId: request,
    customer: "0".repeat(32),
    partition,
    epoch: 1,
    at: NOW,
    why: "cancelled",
  } as Entry<"offers">["message"];
  return { key: "tel-1", slot: input.slot, envelope: envelopeOf(`of-${partition}`), message };
}
