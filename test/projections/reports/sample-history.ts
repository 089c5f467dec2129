/** Made-up histories of Requests, from a seed: the same seed gives the same events. */
import {
  offerId,
  parseCustomerKey,
  parseSenderId,
  parseServerId,
  type RequestId,
  requestId,
  SLOT_COUNT,
  type Slot,
  slotOfCustomer,
} from "../../../domain/kernel/identifiers.ts";
import { type Instant, instant, milliseconds } from "../../../domain/kernel/time.ts";
import type { Delivered, Entry } from "../../../domain/ports/event-log.ts";
import type { RequestEvent } from "../../../domain/request/events.ts";
import type { CallOutcome } from "../../../domain/session/outcome.ts";
import { completed, terms } from "../../support/sample-request.ts";

const SENDERS = ["hotel", "clinic", "school"] as const;
/** A quarter of an hour past midnight in UTC, so that zones east of it see the day before. */
export const DAY_ONE = Date.UTC(2026, 10, 10, 0, 15);

/** 0 … 2³²−1, Marsaglia's xorshift. */
export function createDie(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

export type History = {
  readonly id: RequestId;
  readonly slot: Slot;
  readonly events: readonly RequestEvent[];
};

/** One finished Request of one to three calls; `index` makes its id. */
export function history(index: number, die: () => number): History {
  const digest = new Uint8Array(16);
  new DataView(digest.buffer).setUint32(12, index);
  const sender = required(parseSenderId(SENDERS[die() % SENDERS.length] ?? ""));
  const prefix = ((index * 37) % SLOT_COUNT).toString(16).padStart(4, "0");
  const customer = required(parseCustomerKey(prefix + index.toString(16).padStart(28, "0")));
  const slot = slotOfCustomer(customer);
  const id = requestId(digest, slot);
  let now = DAY_ONE + (die() % 5) * 86_400_000 + (die() % 80_000_000);
  const at = (step: number): Instant => instant((now += step));
  const events: RequestEvent[] = [
    {
      type: "RequestReceived",
      at: at(0),
      terms: terms({ sender, customer, maxAttempts: 3 }),
      channel: "http",
      authentication: { mechanism: "password", keyId: sender },
      createdAt: null,
      messageDigest: `digest-${index}`,
    },
    { type: "RequestQueued", at: at(2), priority: 104, verdicts: [] },
  ];
  const calls = 1 + (die() % 3);
  for (let call = 1; call <= calls; call += 1) {
    events.push(...oneCall({ id, call, die, at }));
    if (call < calls)
      events.push({
        type: "RetryScheduled",
        at: at(1),
        attempt: call + 1,
        dueAt: at(60_000),
        why: "no-answer",
      });
  }
  events.push({ type: "RequestCompleted", at: at(1), attempts: calls, outcome: "completed" });
  events.push({ type: "SenderNotified", at: at(40), notice: "RequestCompleted", status: 200 });
  return { id, slot, events };
}

type OneCall = {
  readonly id: RequestId;
  readonly call: number;
  readonly die: () => number;
  readonly at: (step: number) => Instant;
};

const UNANSWERED: readonly CallOutcome[] = ["no-answer", "busy", "declined", "unreachable"];

function oneCall({ id, call, die, at }: OneCall): RequestEvent[] {
  const place = {
    attempt: call,
    offer: offerId(id, call),
    server: required(parseServerId(`telephony-${1 + (die() % 2)}`)),
  };
  const seized = at(5);
  const events: RequestEvent[] = [
    {
      type: "Dispatched",
      at: seized,
      ...place,
      expiresAt: instant(seized + 5_000),
      verdicts: [],
      callBefore: instant(seized + 3_600_000),
    },
    { type: "Accepted", at: at(3), ...place, port: die() % 8, runStartedAt: at(0) },
    { type: "CallPlaced", at: at(4), ...place, factSeq: 1, sipCallId: `c-${id}`, trunk: "carrier" },
  ];
  const invitedAt = at(0);
  const ringingAt = at(400);
  if (die() % 10 === 0)
    return [
      ...events,
      { type: "CallLost", at: at(9_000), ...place, factSeq: 0, phase: "invited", how: "silence" },
    ];
  const answered = die() % 3 !== 0;
  const answeredAt = answered ? at(5_000) : null;
  if (answeredAt !== null)
    events.push({ type: "CallAnswered", at: answeredAt, ...place, factSeq: 2, answeredBy: "human" });
  const talkMs = answered ? die() % 300_000 : 0;
  const endedAt = at(answered ? talkMs : 20_000);
  events.push({
    ...completed({
      at: endedAt,
      outcome: answered ? "completed" : (UNANSWERED[die() % UNANSWERED.length] ?? "busy"),
      invitedAt,
      ringingAt,
      answeredAt,
      portSeizedAt: seized,
      portReleasedAt: instant(endedAt + 20),
      talkMs: milliseconds(talkMs),
      rtpReceived: Math.floor(talkMs / 20),
      rtpConcealed: die() % 10,
    }),
    ...place,
    factSeq: 9,
  });
  return events;
}

export function entriesOf({ id, slot, events }: History): Entry<"events">[] {
  return events.map((message, index) => ({
    key: id,
    slot,
    envelope: {
      id: `${id}.${index + 1}`,
      source: "dispatcher/0",
      subject: id,
      time: "at" in message ? message.at : instant(0),
      sequence: index + 1,
      correlationId: id,
      causationId: null,
      causeOffset: null,
      ownerEpoch: 1,
    },
    message,
  }));
}

function required<Thing>(parsed: Thing | null): Thing {
  if (parsed === null) throw new Error("a sample is malformed");
  return parsed;
}

/** Several histories interleaved as a partition would hold them, each in its own order. */
export function interleave(histories: readonly History[], die: () => number): Entry<"events">[] {
  const waiting = histories.map(entriesOf).filter((entries) => entries.length > 0);
  const mixed: Entry<"events">[] = [];
  while (waiting.length > 0) {
    const at = die() % waiting.length;
    const entry = waiting[at]?.shift();
    if (entry !== undefined) mixed.push(entry);
    if (waiting[at]?.length === 0) waiting.splice(at, 1);
  }
  return mixed;
}

/** As a log would hand them over, from offset 0 of one partition, with holes between the offsets. */
export function delivered(entries: readonly Entry<"events">[], partition = 0): Delivered<"events">[] {
  return entries.map((entry, index) => ({
    topic: "events",
    partition,
    offset: index * 2,
    key: entry.key,
    appendedAt: instant(DAY_ONE + index),
    ok: true,
    envelope: entry.envelope,
    message: entry.message,
  }));
}
