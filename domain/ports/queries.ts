import type { RequestId, SenderId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";
import type { Verdict } from "../policy/verdict.ts";
import type { RequestEvent } from "../request/events.ts";

/** Where a Request stands, as its Sender may see it. Times in milliseconds since the epoch. */
export type RequestStatus = {
  readonly requestId: RequestId;
  readonly sender: SenderId;
  readonly status:
    | "received"
    | "scheduled"
    | "queued"
    | "dispatched"
    | "accepted"
    | "calling"
    | "in-call"
    | "retry-scheduled"
    | "completed"
    | "failed"
    | "expired"
    | "cancelled"
    | "rejected";
  readonly final: boolean;
  readonly receivedAt: Instant;
  readonly dueAt: Instant | null;
  readonly finishedAt: Instant | null;
  readonly outcome: string | null;
  readonly seq: number;
  readonly attempts: readonly AttemptStatus[];
  /** Opened for its Sender; null when there was none or it was erased. */
  readonly userData: string | null;
};

export type AttemptStatus = {
  readonly attempt: number;
  readonly server: string;
  readonly placedAt: Instant | null;
  readonly ringingAt: Instant | null;
  readonly answeredAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly outcome: string | null;
  readonly sipCode: number | null;
  readonly q850: number | null;
  readonly talkMs: number;
  readonly inputs: number;
};

/** One event as it is shown: personal fields opened for the Sender, or "(erased)". */
export type HistoryEvent = {
  /** `evt_<request id>_<seq>`. */
  readonly id: string;
  readonly seq: number;
  readonly at: Instant;
  readonly event: RequestEvent;
  readonly causationId: string | null;
};

export type Explanation = {
  readonly requestId: RequestId;
  readonly status: RequestStatus["status"];
  /** Why it is where it is, in a sentence; also answers "why not yet". */
  readonly summary: string;
  /** Every check run, in order, with the event that kept it. */
  readonly checks: readonly {
    readonly seq: number;
    readonly at: Instant;
    readonly verdicts: readonly Verdict[];
  }[];
};

/** Driving port: what readers may ask. Null where the Request is unknown or belongs to another Sender. */
export interface Queries {
  status(sender: SenderId, request: RequestId): Promise<RequestStatus | null>;
  /** Where it stood at that instant, by the times of its events; null also before its receipt. */
  statusAsOf(sender: SenderId, request: RequestId, at: Instant): Promise<RequestStatus | null>;
  history(sender: SenderId, request: RequestId): Promise<readonly HistoryEvent[] | null>;
  explain(sender: SenderId, request: RequestId): Promise<Explanation | null>;
  /** Each further event of a Request after `seq`, until the signal aborts or the Request is over. */
  watch(
    sender: SenderId,
    request: RequestId,
    afterSeq: number,
    signal: AbortSignal,
  ): AsyncIterable<HistoryEvent>;
}
