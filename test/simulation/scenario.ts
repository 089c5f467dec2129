/**
 * Everything that is decided before a run: the installation, its rules, who asks for what, and what goes wrong
 * when. Plain data, so that a failing one can be shrunk and kept.
 */
import type { RequestEvent } from "../../domain/request/events.ts";
import type { LogFaults } from "./log-world.ts";

export type PlannedRequest = {
  readonly key: string;
  readonly at: number;
  /** Which of the Customers; few, so that they meet. */
  readonly customer: number;
  readonly enhanced: boolean;
  readonly bulk: boolean;
  readonly rank: number;
  readonly onLost: "stop" | "retry";
  readonly maxAttempts: number;
  readonly notBefore: number | null;
  readonly deadline: number;
  readonly cancelAt: number | null;
  /** Taken back just after the Request's first event of this type. */
  readonly cancelOn: RequestEvent["type"] | null;
  /** The Sender, or somebody with its message, posts it once more. */
  readonly replayAt: number | null;
};

export type PlannedCaller = {
  readonly at: number;
  readonly server: number;
  readonly customer: number | null;
  readonly talkMs: number;
};

export type FaultKind =
  | "crash-server"
  | "crash-dispatcher"
  | "crash-gateway"
  | "pause-server"
  | "pause-dispatcher"
  /** One process neither reads nor writes the log; "deaf": it only writes; "mute": it only reads. */
  | "cut-off"
  | "deaf"
  | "mute"
  /** The whole log, or one topic of it. */
  | "outage"
  | "load-outage"
  | "step-clock"
  | "rebalance"
  | "power-cut"
  /** The log is put back to what it was `lengthMs` before; journals remember. */
  | "restore-backup"
  | "close-country"
  | "suspend-sender";

export type PlannedFault = {
  readonly at: number;
  readonly kind: FaultKind;
  /** Index of the server, or of the process. */
  readonly which: number;
  readonly lengthMs: number;
  /** Not at its time, but after the next event of this type from then on, and on the server of that event. */
  readonly on: RequestEvent["type"] | null;
};

export type Scenario = {
  readonly seed: number;
  readonly servers: number;
  readonly ports: number;
  /** Fewer than `ports`. */
  readonly inboundReserve: number;
  readonly dispatchers: number;
  /** From visible to durable. */
  readonly syncMs: number;
  /** How long dispatchers let others start first; 0: as in a house whose memories lie in one place. */
  readonly coldStartMs: number;
  /** Offsets that a transaction uses up besides its records. */
  readonly markers: number;
  readonly log: LogFaults;
  /** Nobody is to be called in the minute after the first half. */
  readonly closing: boolean;
  readonly volumeMax: number;
  readonly volumePeriodMs: number;
  readonly requests: readonly PlannedRequest[];
  readonly callers: readonly PlannedCaller[];
  readonly faults: readonly PlannedFault[];
};

/** Faults end here; from then on everything must come to rest. */
export const QUIET_AT_MS = 60_000;
