import type { ServerId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";

/** How a telephony server is doing: written every second and at each change (J01–J06). */
export type LoadReported = {
  readonly type: "LoadReported";
  readonly server: ServerId;
  readonly at: Instant;
  /** When this run of the server began: a newer one means that everything it held is gone (J04). */
  readonly startedAt: Instant;
  readonly ports: number;
  readonly inUseOutbound: number;
  readonly inUseInbound: number;
  /** Held for an offer, no grant yet. */
  readonly held: number;
  /** Ports that offers cannot take. */
  readonly inboundReserve: number;
  /** Time of the last incoming call (J03); null: none yet. */
  readonly lastInboundAt: Instant | null;
  /** Last change from full to not full (J05); null: never full. */
  readonly lastFullToFreeAt: Instant | null;
  readonly mediaLatenessMs: number;
  readonly glare: number;
  readonly draining: boolean;
};

export type LoadMessage = LoadReported;
