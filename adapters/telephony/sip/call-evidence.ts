import type { Instant } from "../../../domain/kernel/time.ts";
import type { CallEnding, MediaQuality } from "../../../domain/ports/telephony.ts";

/** What is known of a call so far: times and codes as they came, nothing concluded. */
export type CallEvidence = Omit<CallEnding, "endedBy" | "localCause" | "endedAt" | "media">;

export const NO_MEDIA: MediaQuality = { received: 0, concealed: 0, sent: 0, jitterMs: 0 };

export function noEvidence(invitedAt: Instant | null): CallEvidence {
  return {
    sipCode: null,
    q850: null,
    alerted: false,
    earlyMedia: false,
    invitedAt,
    ringingAt: null,
    answeredAt: null,
  };
}

/** A provisional response with its meaning: only 180, or what the trunk is known to mean by 183, is alerting. */
export function rung(
  evidence: CallEvidence,
  provisional: { readonly status: number; readonly sdp: string | null },
  at: Instant,
  progressIsAlerting: boolean,
): CallEvidence {
  const alerts = provisional.status === 180 || (provisional.status === 183 && progressIsAlerting);
  return {
    ...evidence,
    alerted: evidence.alerted || alerts,
    earlyMedia: evidence.earlyMedia || provisional.sdp !== null,
    ringingAt: evidence.ringingAt ?? at,
  };
}

// What a person does with a telephone: reject, do not disturb, "never again". Everything else the network says.
const CUSTOMER_STATUSES: readonly number[] = [486, 600, 603, 607];

export function endedByStatus(status: number | null): "customer" | "network" {
  return status !== null && CUSTOMER_STATUSES.includes(status) ? "customer" : "network";
}
