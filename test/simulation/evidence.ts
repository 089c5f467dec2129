/**
 * All that the checks look at: records, what a Sender was promised, what the telephone network saw. A run of the
 * simulator has it, and so has an installation of real processes (`test/chaos/`). No component's memory is in it: a
 * check that asked a component would repeat its mistake.
 */
import { type OfferId, parseRequestId, type RequestId } from "../../domain/kernel/identifiers.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { RequestBoard } from "../../services/request-board.ts";
import type { TrueCall } from "./call-truth.ts";
import type { Kept, SimStore } from "./sim-store.ts";

/** A period in which a server could not be heard; on the clock of `Kept.at`. */
export type Silence = {
  readonly server: string;
  readonly from: number;
  readonly until: number;
  /** False: it was stopped, or cut off, and went on afterwards with all that it held. */
  readonly ended?: boolean;
};

export type Evidence = {
  readonly store: Pick<SimStore, "all" | "records" | "partitionCount">;
  readonly truth: {
    readonly calls: readonly Pick<TrueCall, "offer" | "request" | "server">[];
    readonly silences: readonly Silence[];
  };
  /** Acknowledged Requests by the key that the Sender gave. */
  readonly acknowledged: ReadonlyMap<string, RequestId>;
  readonly broken: readonly string[];
  /** A projection, held against the events that were there `boardDelayMs` ago. */
  readonly gateway: { readonly board: Pick<RequestBoard, "statusOf"> | null };
  readonly timeline: { readonly now: () => number };
  readonly boardDelayMs?: number;
  /** Where the rules in force say otherwise than the built-in ones. */
  readonly offerRefusalsMax?: number;
  /**
   * How long an owner hears nothing of a server before it doubts it. Where it is given, `store` has the reports of
   * servers, and nobody may be given up whose reports stand in the log without such a gap.
   */
  readonly serverSilentMs?: number;
  /** Milliseconds of talk of each call that ended by itself, as the network counted them. */
  readonly talks?: ReadonlyMap<OfferId, number>;
  /** Offers whose grant the log swallowed: only silence can tell that they came to nothing. */
  readonly tornGrants?: ReadonlySet<string>;
  /** Offers whose outcome was in the log before an old copy took its place, and in that no more. */
  readonly unknowable?: ReadonlySet<OfferId>;
};

export type History = readonly Kept<"events">[];
export type Histories = ReadonlyMap<RequestId, History>;

/** The events of each Request, in the log's order. */
export function historiesOf({ store }: Pick<Evidence, "store">): Histories {
  const histories = new Map<RequestId, Kept<"events">[]>();
  for (const record of store.all("events")) {
    const { subject, sequence } = record.envelope;
    if (subject === null || sequence === null) continue;
    const known = histories.get(subject as RequestId);
    if (known !== undefined) known.push(record);
    else if (parseRequestId(subject) !== null) histories.set(subject as RequestId, [record]);
  }
  return histories;
}

export function eventsIn(history: History | undefined): RequestEvent[] {
  return (history ?? []).flatMap(({ message }) => (message === null ? [] : [message]));
}

export function namesIn(history: History | undefined): string {
  return eventsIn(history)
    .map((event) => event.type)
    .join(", ");
}

/** Every Request that the house took or even just wrote down. */
export function requestsAsked({
  acknowledged,
  store,
}: Pick<Evidence, "acknowledged" | "store">): ReadonlySet<RequestId> {
  const asked = new Set<RequestId>(acknowledged.values());
  for (const { message } of store.all("requests")) {
    if (message?.type === "SubmitRequest") asked.add(message.requestId);
  }
  return asked;
}
