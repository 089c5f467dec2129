/**
 * Bugs on purpose: each breaks one promise from outside the product, through the doors of `plant.ts`. That the
 * invariants catch them is the proof that the simulator can find such a thing at all.
 */

import { type RequestId, slotOfRequest } from "../../domain/kernel/identifiers.ts";
import { instant, milliseconds } from "../../domain/kernel/time.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import type { Delivered, Entry, EventLog, TopicName } from "../../domain/ports/event-log.ts";
import type { CallReported } from "../../domain/request/commands.ts";
import type { RequestReceived } from "../../domain/request/events.ts";
import type { Grant, Offer, OfferMessage } from "../../domain/server/offers.ts";
import { START } from "./incarnation.ts";
import type { Plant, PlantSite } from "./plant.ts";
import { PARTITIONS, type SimStore } from "./sim-store.ts";

const AT_ONCE = { at: instant(START) } as Durable;
const FOREVER_MS = 86_400_000;
const LOOK_MS = 1_000;

type Records = readonly Delivered<"offers">[];

/** The same log, with what a server hears on `offers` changed. */
function hearing(log: EventLog, change: (records: Records) => Records): EventLog {
  return {
    ...log,
    follow: (topic, from, onRecords) =>
      log.follow(topic, from, (records) =>
        onRecords(topic === "offers" ? (change(records as Records) as typeof records) : records),
      ),
  };
}

function eachMessage(records: Records, change: (message: OfferMessage) => readonly OfferMessage[]): Records {
  return records.flatMap((record) => {
    if (!record.ok || record.message === null) return [record];
    return change(record.message).map((message) => ({ ...record, message }));
  });
}

function termsOf(store: SimStore, request: RequestId): RequestReceived["terms"] | null {
  const records = store.records("events", slotOfRequest(request) % PARTITIONS);
  for (const { envelope, message } of records) {
    if (envelope.subject === request && message?.type === "RequestReceived") return message.terms;
  }
  return null;
}

function grantFor(offer: Offer, store: SimStore): Grant | null {
  const terms = termsOf(store, offer.requestId);
  if (terms === null) return null;
  const { sender, to, from, document, ringTimeoutMs, maxSessionMs, userData } = terms;
  const call = { sender, to, from, document, ringTimeoutMs, maxSessionMs, userData };
  const { server, offer: id, requestId, customer, partition, epoch, at, attempt } = offer;
  const common = { server, offer: id, requestId, customer, partition, epoch, at, attempt };
  return { ...common, ...call, type: "Grant", callBefore: instant(START + FOREVER_MS) };
}

function forgetful<Topic extends TopicName>(record: Delivered<Topic>): Delivered<Topic> {
  if (!record.ok || record.topic !== "state") return record;
  const message = record.message as { type: string; snapshot?: string } | null;
  if (message?.type !== "CustomerState" || message.snapshot === undefined) return record;
  const snapshot = JSON.stringify({ ...(JSON.parse(message.snapshot) as object), seen: [] });
  return { ...record, message: { ...message, snapshot } } as Delivered<Topic>;
}

/** Offers and grants leave before the transaction that they belong to, and whether it succeeds or not. */
function sayEarly(site: PlantSite, offers: readonly Entry<"offers">[]): void {
  if (offers.length > 0) site.store.write({ offers });
}

export const PLANTED_BUGS = {
  "a Sender is acknowledged before the log has the record": {
    log: (log, { role, timeline, life }) => ({
      ...log,
      append(topic, entries) {
        if (role !== "gateway") return log.append(topic, entries);
        void log.append(topic, entries).catch(() => undefined);
        return new Promise((resolve) => {
          timeline.at(1, life, () => resolve({ durable: AT_ONCE, positions: [] }));
        });
      },
    }),
  },
  "no call journal": {
    journal: (journal) => ({ ...journal, put: () => Promise.resolve(AT_ONCE), entries: () => new Map() }),
  },
  "an outcome is forgotten at the hang-up, before its append was acknowledged": {
    telephony: (telephony, { disk }) => ({
      ...telephony,
      place: (order, permit, onProgress) =>
        telephony.place(order, permit, (progress) => {
          if (progress.type === "ended") disk?.apply(["remove", order.offer]);
          onProgress(progress);
        }),
    }),
  },
  "an offer is sent before Dispatched is in the log": {
    ownership: (ownership, site) => ({
      ...ownership,
      commit(outputs) {
        sayEarly(
          site,
          outputs.offers.filter(({ message }) => message?.type === "Offer"),
        );
        return ownership.commit(outputs);
      },
    }),
  },
  "a grant is sent before Accepted is durable": {
    ownership: (ownership, site) => ({
      ...ownership,
      commit(outputs) {
        sayEarly(site, outputs.offers);
        return ownership.commit({ ...outputs, offers: [] });
      },
    }),
  },
  "appends have no idempotency key": {
    task: (task) => {
      let facts = 0;
      return {
        ...task,
        handle: (records) =>
          task.handle(
            records.map((record) => {
              if (!record.ok || record.message?.type !== "CallReported") return record;
              facts += 1;
              const message: CallReported = { ...record.message, factSeq: 10_000 + facts };
              return { ...record, message };
            }),
          ),
      };
    },
  },
  "a failed append is dropped": {
    log: (log, { role }) => ({
      ...log,
      async append(topic, entries) {
        try {
          return await log.append(topic, entries);
        } catch (error) {
          if (role !== "telephony") throw error;
          return { durable: AT_ONCE, positions: [] };
        }
      },
    }),
  },
  "an INVITE leaves on acceptance, without a grant": {
    log: (log, { role, store }) =>
      role !== "telephony"
        ? log
        : hearing(log, (records) =>
            eachMessage(records, (message) => {
              const grant = message.type === "Offer" ? grantFor(message, store) : null;
              return grant === null ? [message] : [message, grant];
            }),
          ),
  },
  "owners whose epoch has passed may commit": { unfenced: true },
  "a server refuses a newer owner's grant for an older reservation": {
    log: (log, { role }) => {
      const epochs = new Map<string, number>();
      return role !== "telephony"
        ? log
        : hearing(log, (records) =>
            eachMessage(records, (message) => {
              if (message.type === "Offer") epochs.set(message.offer, message.epoch);
              const known = epochs.get(message.offer);
              return message.type === "Grant" && known !== undefined && known !== message.epoch
                ? []
                : [message];
            }),
          );
    },
  },
  "a reservation has no timeout": { holdMs: FOREVER_MS },
  "a late grant starts a call after its reservation is gone": {
    log: (log, { role, name, life, timeline }) =>
      role !== "telephony"
        ? log
        : hearing(log, (records) =>
            eachMessage(records, (message) => {
              if (message.type !== "Grant" || message.server !== name) return [message];
              const now = START + timeline.now() + life.wallOffsetMs;
              const offer: Offer = { ...message, type: "Offer", expiresAt: instant(now + 1_000) };
              return [offer, message];
            }),
          ),
  },
  "an owner starts work before it has restored": {
    task: (task) => ({ ...task, restoreState: () => undefined, restoreEvent: () => undefined }),
  },
  "an owner starts after the committed position though events were lost": {
    task: (task) => ({
      ...task,
      resumeAfter(committed) {
        task.resumeAfter(committed);
        return committed;
      },
    }),
  },
  "an owner repairs its memory after a failed transaction": { repairs: true },
  "seen messages are kept in memory only": {
    rememberOverMs: 10,
    task: (task) => ({
      ...task,
      restoreState: (record) => task.restoreState(forgetful(record)),
      restoreEvent: () => undefined,
    }),
  },
  "effects start on what is visible and not yet durable": {
    log: (log) => ({ ...log, durable: () => Promise.resolve(AT_ONCE) }),
    journal: (journal) => ({
      ...journal,
      put(key, body) {
        void journal.put(key, body);
        return Promise.resolve(AT_ONCE);
      },
    }),
  },
  "timers go by the wall clock": {
    clock: (clock) => ({
      ...clock,
      monotonic: () => milliseconds(clock.now()),
      schedule(delay, action) {
        let over = false;
        const due = clock.now() + delay;
        const look = (left: number): void => {
          clock.schedule(milliseconds(left), () => {
            if (over) return;
            if (clock.now() < due) look(LOOK_MS);
            else action();
          });
        };
        look(delay);
        return () => {
          over = true;
        };
      },
    }),
  },
  "the last permitted instant is not looked at when the INVITE leaves": {
    log: (log, { role }) =>
      role !== "telephony"
        ? log
        : hearing(log, (records) =>
            eachMessage(records, (message) =>
              message.type === "Grant"
                ? [{ ...message, callBefore: instant(message.callBefore + FOREVER_MS) }]
                : [message],
            ),
          ),
  },
} satisfies Record<string, Plant>;

export type PlantedBug = keyof typeof PLANTED_BUGS;
