/** What the log tells while a run goes on: who owns which partition, which server is heard, which Requests ended. */
import type { EventLog } from "../../domain/ports/event-log.ts";
import { isTerminal } from "../../domain/request/events.ts";

export type LogWatch = {
  /** Partitions whose newest owner is this process. */
  ownedBy(pid: number): readonly number[];
  /** Resolves when each of these partitions has an owner other than this process. */
  takenOver(partitions: readonly number[], pid: number): Promise<void>;
  /** Resolves at the next load report of this server. */
  heard(server: string): Promise<void>;
  isOver(request: string): boolean;
  /** How many records have come: a log at rest brings no more. */
  eventsSeen(): number;
  stop(): Promise<void>;
};

/** The owner of a mark ends in the id of its process. */
function pidOf(owner: string): number {
  return Number(/(\d+)$/.exec(owner)?.[1] ?? Number.NaN);
}

export async function watchLog(log: EventLog): Promise<LogWatch> {
  const owners = new Map<number, number>();
  const over = new Set<string>();
  const hearing = new Map<string, (() => void)[]>();
  const looks = new Set<() => void>();
  let events = 0;

  const following = log.follow("events", "start", (records) => {
    for (const record of records) {
      events += 1;
      if (!record.ok || record.message === null) continue;
      if (record.message.type === "OwnershipTaken") {
        owners.set(record.partition, pidOf(record.message.owner));
        for (const look of looks) look();
      }
      if (isTerminal(record.message)) over.add(record.envelope.subject ?? "");
    }
  });
  const listening = log.follow("load", "end", (records) => {
    for (const record of records) {
      if (!record.ok || record.message === null) continue;
      for (const resolve of hearing.get(record.message.server)?.splice(0) ?? []) resolve();
    }
  });
  await Promise.all([following.caughtUp, listening.caughtUp]);

  return {
    ownedBy: (pid) => [...owners].filter(([, owner]) => owner === pid).map(([partition]) => partition),
    takenOver: (partitions, pid) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (partitions.some((partition) => owners.get(partition) === pid)) return;
          looks.delete(look);
          resolve();
        };
        looks.add(look);
        look();
      }),
    heard: (server) =>
      new Promise((resolve) => {
        hearing.set(server, [...(hearing.get(server) ?? []), resolve]);
      }),
    isOver: (request) => over.has(request),
    eventsSeen: () => events,
    async stop() {
      await Promise.all([following.stop(), listening.stop()]);
    },
  };
}
