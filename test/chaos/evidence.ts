/** Reads a whole log into what the checks of the simulator look at, and finds the offer of each call that was seen. */
import type { OfferId, RequestId, Slot } from "../../domain/kernel/identifiers.ts";
import { parseRequestId } from "../../domain/kernel/identifiers.ts";
import type { EventLog, TopicName } from "../../domain/ports/event-log.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { RequestBoard } from "../../services/request-board.ts";
import type { Evidence } from "../simulation/evidence.ts";
import type { Kept } from "../simulation/sim-store.ts";
import type { SeenCall } from "./far-end.ts";
import type { Asked } from "./sender.ts";

type Topics = { [Topic in TopicName]?: readonly (readonly Kept<Topic>[])[] };
const READ: readonly TopicName[] = ["requests", "events", "state"];

/** A call of the far end with what the log calls it; null where the log knows of none that it could be. */
export type KnownCall = SeenCall & { readonly offer: OfferId | null; readonly request: RequestId | null };

export type Silence = { readonly server: string; readonly from: number; readonly until: number };

export type HouseEvidence = Evidence & {
  readonly calls: readonly KnownCall[];
  /** Records that nobody can read. */
  readonly unreadable: number;
};

async function readTopic<Topic extends TopicName>(
  log: EventLog,
  topic: Topic,
): Promise<{ readonly partitions: readonly (readonly Kept<Topic>[])[]; readonly unreadable: number }> {
  const partitions: Kept<Topic>[][] = [];
  let unreadable = 0;
  for (let partition = 0; partition < log.partitionCount(topic); partition += 1) {
    const kept: Kept<Topic>[] = [];
    for await (const records of log.read(topic, partition)) {
      for (const record of records) {
        const { key, offset, appendedAt: at } = record;
        if (record.ok)
          kept.push({
            key,
            offset,
            at,
            slot: partition as Slot,
            envelope: record.envelope,
            message: record.message,
          });
        else unreadable += 1;
      }
    }
    partitions.push(kept);
  }
  return { partitions, unreadable };
}

type Story = { readonly at: number; readonly event: RequestEvent };

/** Events of each Request, with the time at which the log took them. */
export function storiesOf(evidence: Evidence): ReadonlyMap<RequestId, readonly Story[]> {
  const stories = new Map<RequestId, Story[]>();
  for (const { envelope, message, at } of evidence.store.all("events")) {
    const request = parseRequestId(envelope.subject ?? "");
    if (request === null || envelope.sequence === null || message === null) continue;
    stories.set(request, [...(stories.get(request) ?? []), { at, event: message }]);
  }
  return stories;
}

/**
 * By the SIP Call-ID where the server lived to report it; else the newest grant of that server for that number
 * which no other call has taken.
 */
function nameCalls(
  seen: readonly SeenCall[],
  stories: ReadonlyMap<RequestId, readonly Story[]>,
  asked: readonly Asked[],
): readonly KnownCall[] {
  const placed = new Map<string, { offer: OfferId; request: RequestId }>();
  const reported = new Set<OfferId>();
  for (const [request, story] of stories) {
    for (const { event } of story) {
      if (event.type !== "CallPlaced") continue;
      placed.set(event.sipCallId, { offer: event.offer, request });
      reported.add(event.offer);
    }
  }
  const byNumber = new Map<string, RequestId[]>();
  for (const { id, number } of asked) {
    const request = parseRequestId(id ?? "");
    if (request !== null) byNumber.set(number, [...(byNumber.get(number) ?? []), request]);
  }
  return seen.map((call) => {
    const known = placed.get(call.callId);
    if (known !== undefined) return { ...call, ...known };
    const grants = (byNumber.get(call.number) ?? []).flatMap((request) =>
      (stories.get(request) ?? []).flatMap(({ event }) =>
        event.type === "Accepted" && event.server === call.server && !reported.has(event.offer)
          ? [{ at: event.at, offer: event.offer, request }]
          : [],
      ),
    );
    const [newest] = grants
      .filter(({ at }) => at <= call.beganAt)
      .toSorted((one, other) => other.at - one.at);
    if (newest === undefined) return { ...call, offer: null, request: null };
    reported.add(newest.offer);
    return { ...call, offer: newest.offer, request: newest.request };
  });
}

export async function gatherEvidence(ports: {
  readonly log: EventLog;
  readonly board: Pick<RequestBoard, "statusOf">;
  readonly seen: readonly SeenCall[];
  readonly asked: readonly Asked[];
  readonly silences: readonly Silence[];
  readonly broken: readonly string[];
}): Promise<HouseEvidence> {
  const { log, asked } = ports;
  const topics: Topics = {};
  let unreadable = 0;
  for (const topic of READ) {
    const read = await readTopic(log, topic);
    Object.assign(topics, { [topic]: read.partitions });
    unreadable += read.unreadable;
  }
  const acknowledged = new Map<string, RequestId>();
  for (const { key, id } of asked) {
    const request = parseRequestId(id ?? "");
    if (request !== null) acknowledged.set(key, request);
  }
  const store: Evidence["store"] = {
    partitionCount: (topic) => log.partitionCount(topic),
    records: (topic, partition) => topics[topic]?.[partition] ?? [],
    all: (topic) => (topics[topic] ?? []).flat(),
  };
  const truth = { calls: [] as readonly KnownCall[], silences: ports.silences };
  const evidence: Evidence = {
    store,
    truth,
    acknowledged,
    broken: ports.broken,
    gateway: { board: ports.board },
    timeline: { now: () => Date.now() },
  };
  const calls = nameCalls(ports.seen, storiesOf(evidence), asked);
  return { ...evidence, truth: { ...truth, calls }, calls, unreadable };
}
