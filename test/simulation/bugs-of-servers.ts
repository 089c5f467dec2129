/** Bugs of telephony servers: what they forget, what they obey, and what they do too late. */
import { type RequestId, slotOfRequest } from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import type { RequestReceived } from "../../domain/request/events.ts";
import type { Grant, Offer } from "../../domain/server/offers.ts";
import { AT_ONCE } from "./at-once.ts";
import { eachMessage, hearing, hearingHistoryAnew } from "./changed-hearing.ts";
import { START } from "./incarnation.ts";
import type { Plant } from "./plant.ts";
import { PARTITIONS, type SimStore } from "./sim-store.ts";

const FOREVER_MS = 86_400_000;

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

/** Everything that an owner says sounds as if the newest of all had said it. */
const NEWEST_EPOCH = 1_000_000_000;

export const BUGS_OF_SERVERS = {
  "no call journal": {
    journal: (journal) => ({ ...journal, put: () => Promise.resolve(AT_ONCE), entries: () => new Map() }),
  },
  "an outcome is forgotten at the hang-up, before its append was acknowledged": {
    telephony: (telephony, _site, journal) => ({
      ...telephony,
      place: (order, permit, onProgress) =>
        telephony.place(order, permit, (progress) => {
          if (progress.type === "ended") journal.remove(order.offer);
          onProgress(progress);
        }),
    }),
  },
  "a server forgets at a restart what it has answered": {
    log: (log, site) => (site.role === "telephony" ? hearingHistoryAnew(log, site) : log),
    journal: (journal) => ({
      ...journal,
      entries: () => new Map([...journal.entries()].filter(([, body]) => !body.includes('"done"'))),
    }),
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
  "a server obeys an owner whose time is over": {
    unfenced: true,
    log: (log, { role }) =>
      role !== "telephony"
        ? log
        : hearing(log, (records) => eachMessage(records, (message) => [{ ...message, epoch: NEWEST_EPOCH }])),
  },
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
    holdMs: FOREVER_MS,
    log: (log, { role, name, life, timeline }) =>
      role !== "telephony"
        ? log
        : hearing(log, (records) =>
            eachMessage(records, (message) => {
              if (message.type !== "Grant" || message.server !== name) return [message];
              const now = START + timeline.now() + life.wallOffsetMs;
              const limits = { outboundPercentMax: 100, inboundReserve: 0 };
              const offer: Offer = {
                ...message,
                ...limits,
                type: "Offer",
                expiresAt: instant(now + 1_000),
              };
              return [offer, message];
            }),
          ),
  },
  "quiet hours are checked at dispatch but not at the INVITE": {
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
