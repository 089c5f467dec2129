/** Bugs of the partitions' owners: too early, too trusting, too forgetful. */
import { unownedEnvelope } from "../../domain/kernel/envelope.ts";
import { slotOfRequest } from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import type { Delivered, Entry, TopicName } from "../../domain/ports/event-log.ts";
import type { CallReported } from "../../domain/request/commands.ts";
import type { Grant } from "../../domain/server/offers.ts";
import { START } from "./incarnation.ts";
import type { Plant, PlantSite } from "./plant.ts";

function forgetful<Topic extends TopicName>(record: Delivered<Topic>): Delivered<Topic> {
  if (!record.ok || record.topic !== "state") return record;
  const message = record.message as { type: string; snapshot?: string } | null;
  if (message?.type !== "CustomerState" || message.snapshot === undefined) return record;
  const snapshot = JSON.stringify({ ...(JSON.parse(message.snapshot) as object), seen: [] });
  return { ...record, message: { ...message, snapshot } } as Delivered<Topic>;
}

const SILENCE_MS = 1_500;

/** What an owner believes that takes a moment's silence for a no: nobody was called, so somebody else may call. */
function takeSilenceForNo({ store, timeline, life }: PlantSite, grants: readonly Grant[]): void {
  for (const { requestId, customer, offer, server } of grants) {
    timeline.at(SILENCE_MS, life, () => {
      const told = store
        .all("requests")
        .some(({ message }) => message?.type === "CallReported" && message.offer === offer);
      if (told) return;
      const at = instant(START + timeline.now());
      const step = { type: "CallLost", at, phase: "granted", how: "hold-gone" } as const;
      const message: CallReported = { type: "CallReported", requestId, offer, server, factSeq: 1, step };
      const named = {
        id: `silence-${offer}`,
        source: server,
        subject: requestId,
        time: at,
        causationId: null,
      };
      const envelope = unownedEnvelope(named);
      store.write({ requests: [{ key: customer, slot: slotOfRequest(requestId), envelope, message }] });
    });
  }
}

/** Offers and grants leave before the transaction that they belong to, and whether it succeeds or not. */
function sayEarly(site: PlantSite, offers: readonly Entry<"offers">[]): void {
  if (offers.length > 0) site.store.write({ offers });
}

export const BUGS_OF_OWNERS = {
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
  "an owner takes silence for a no and dispatches again": {
    ownership: (ownership, site) => ({
      ...ownership,
      async commit(outputs) {
        const committed = await ownership.commit(outputs);
        takeSilenceForNo(
          site,
          outputs.offers.flatMap(({ message }) => (message?.type === "Grant" ? [message] : [])),
        );
        return committed;
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
  "owners whose epoch has passed may commit": { unfenced: true },
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
} satisfies Record<string, Plant>;
