/**
 * What the owner of a partition has decided and not yet committed: events in their order, each with its number,
 * its cause and its owner's epoch, and the offers that follow from them.
 */
import type { RoomLimits } from "../../domain/dispatch/room.ts";
import {
  type CustomerKey,
  parseRequestId,
  type RequestId,
  type Slot,
} from "../../domain/kernel/identifiers.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { Entry } from "../../domain/ports/event-log.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { Folded } from "./book.ts";
import { type OfferContext, offersFor } from "./offer-outbox.ts";

/** The record or timer that an event follows from. */
export type Cause = { readonly id: string | null; readonly offset: number | null };

export const BY_TIMER: Cause = { id: null, offset: null };

export type LedgerOptions = {
  readonly partition: number;
  readonly epoch: number;
  /** Written as `source` of every record, e.g. "dispatcher". */
  readonly source: string;
};

export type Ledger = {
  /** An event of a Request, folded already. */
  write(request: RequestId, event: RequestEvent, folded: Folded, cause: Cause, now: Instant): void;
  /** An event that belongs to no Request of ours. */
  note(event: RequestEvent, key: string, cause: Cause, now: Instant): void;
  /** A record for `state`. `handledUpTo`: the newest input handled; -1: none. */
  stateEntry(key: string, message: Entry<"state">["message"], handledUpTo: number): Entry<"state">;
  isEmpty(): boolean;
  take(): { readonly events: readonly Entry<"events">[]; readonly offers: readonly Entry<"offers">[] };
};

export type LedgerPorts = {
  readonly ulid: () => string;
  /** What the Receiver's rules leave to offers, said with each of them. */
  readonly roomLimits: () => RoomLimits;
};

export function createLedger(options: LedgerOptions, { ulid, roomLimits }: LedgerPorts): Ledger {
  const { partition, epoch, source } = options;
  // Slot i falls into partition i whatever the number of partitions: everything written here stays here.
  const ownSlot = partition as Slot;
  let events: Entry<"events">[] = [];
  let offers: Entry<"offers">[] = [];

  function eventOf(
    event: RequestEvent,
    about: {
      readonly key: CustomerKey | string;
      readonly subject: RequestId | null;
      readonly seq: number | null;
    },
    cause: Cause,
    now: Instant,
  ): Entry<"events"> {
    const id = ulid();
    const envelope = {
      id,
      source,
      subject: about.subject,
      time: now,
      sequence: about.seq,
      correlationId: about.subject ?? cause.id ?? id,
      causationId: cause.id,
      causeOffset: cause.offset,
      ownerEpoch: epoch,
    };
    return { key: about.key, slot: ownSlot, message: event, envelope };
  }

  return {
    write(request, event, { before, next, seq, customer }, cause, now) {
      const entry = eventOf(event, { key: customer ?? request, subject: request, seq }, cause, now);
      events.push(entry);
      const context: OfferContext = {
        request,
        partition,
        epoch,
        now,
        limits: roomLimits(),
        envelope: { ...entry.envelope, id: ulid(), causationId: entry.envelope.id, sequence: null },
      };
      offers.push(...offersFor(event, before, next, context));
    },
    note(event, key, cause, now) {
      events.push(eventOf(event, { key, subject: null, seq: null }, cause, now));
    },
    stateEntry(key, message, handledUpTo) {
      const envelope = {
        id: ulid(),
        source,
        subject: parseRequestId(key),
        time: 0 as Instant,
        sequence: null,
        correlationId: key,
        causationId: null,
        // Cumulative: a restore learns from it what was handled, even where every snapshot is gone.
        causeOffset: handledUpTo < 0 ? null : handledUpTo,
        ownerEpoch: epoch,
      };
      return { key, slot: ownSlot, message, envelope };
    },
    isEmpty: () => events.length === 0,
    take() {
      const taken = { events, offers };
      events = [];
      offers = [];
      return taken;
    },
  };
}
