/** What a telephone network that is made up tells of its calls: nobody speaks, and every end has all its fields. */
import { milliseconds } from "../../domain/kernel/time.ts";
import type { CallEnding, CallLeg } from "../../domain/ports/telephony.ts";

export const SILENT_LEG: CallLeg = {
  play: () => ({
    ended: Promise.resolve({ why: "finished", playedMs: milliseconds(0) }),
    stop: () => undefined,
  }),
  onDigit: () => () => undefined,
  onFrame: () => () => undefined,
  onHangup: () => undefined,
  sendDigits: () => Promise.resolve(),
};

type Times = Pick<CallEnding, "invitedAt" | "ringingAt" | "answeredAt" | "endedAt">;

/** By the network and for no known reason, unless `change` says so. Alerted, if it rang. */
export function silentEnding(times: Times, change: Partial<CallEnding> = {}): CallEnding {
  return {
    endedBy: "network",
    localCause: null,
    sipCode: null,
    q850: null,
    alerted: times.ringingAt !== null,
    earlyMedia: false,
    ...times,
    media: { received: 0, concealed: 0, sent: 0, jitterMs: 0 },
    ...change,
  };
}
