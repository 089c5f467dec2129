/** How a bug is planted into what a telephony server hears on `offers`. */
import type { Delivered, EventLog } from "../../domain/ports/event-log.ts";
import type { OfferMessage } from "../../domain/server/offers.ts";
import type { PlantSite } from "./plant.ts";

type Records = readonly Delivered<"offers">[];

/** The same log, with what a server hears on `offers` changed. */
export function hearing(log: EventLog, change: (records: Records) => Records): EventLog {
  return {
    ...log,
    follow: (topic, from, onRecords) =>
      log.follow(topic, from, (records) =>
        onRecords(topic === "offers" ? (change(records as Records) as typeof records) : records),
      ),
  };
}

export function eachMessage(
  records: Records,
  change: (message: OfferMessage) => readonly OfferMessage[],
): Records {
  return records.flatMap((record) => {
    if (!record.ok || record.message === null) return [record];
    return change(record.message).map((message) => ({ ...record, message }));
  });
}

/** A server hears what it heard before its restart as if it were new. */
export function hearingHistoryAnew(log: EventLog, { timeline, life }: PlantSite): EventLog {
  return {
    ...log,
    follow(topic, from, onRecords) {
      if (topic !== "offers") return log.follow(topic, from, onRecords);
      const earlier: Delivered<typeof topic>[] = [];
      let isLive = false;
      const subscription = log.follow(topic, from, (records) => {
        if (isLive) return onRecords(records);
        earlier.push(...records);
      });
      void subscription.caughtUp.then(() =>
        timeline.at(1, life, () => {
          isLive = true;
          void onRecords(earlier);
        }),
      );
      return subscription;
    },
  };
}
