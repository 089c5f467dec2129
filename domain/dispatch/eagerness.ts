/**
 * How readily a dispatcher takes a free port for its own. When the house is full, every port that comes free is seen
 * by every dispatcher in the same report, all of them offer, and all but one are refused: with eight dispatchers
 * half of all Requests would use up their refusals on that alone. So each refusal for want of room halves the
 * readiness, and each acceptance raises it again, as stations on one wire find their rate without talking. In a
 * house that is not full it is 1, and costs nothing.
 */
import type { Instant } from "../kernel/time.ts";
import type { OfferRejection } from "../request/commands.ts";

export type Eagerness = {
  /** Share of free ports that are taken at the first look, at `at`. */
  readonly share: number;
  readonly at: Instant;
};

export const FULLY_EAGER: Eagerness = { share: 1, at: 0 as Instant };

/** Even among hundreds of owners somebody takes a port at last. */
const SHARE_MIN = 1 / 512;
const AFTER_REFUSAL = 1 / 2;
const AFTER_ACCEPTANCE = 1.1;
/** Without any answer it doubles in this time: what was true of a full house need not be true any more. */
const DOUBLES_MS = 10_000;
/** What was not taken is looked at again after this. */
export const LOOK_AGAIN_MS = 50;

/** The share that counts now. */
export function shareNow({ share, at }: Eagerness, now: Instant): number {
  return Math.min(1, share * 2 ** (Math.max(0, now - at) / DOUBLES_MS));
}

const FOR_WANT_OF_ROOM: ReadonlySet<OfferRejection> = new Set<OfferRejection>([
  "busy",
  "inbound-reserve",
  "inbound-recent",
  "glare",
]);

export function afterRefusal(eagerness: Eagerness, reason: OfferRejection, now: Instant): Eagerness {
  if (!FOR_WANT_OF_ROOM.has(reason)) return eagerness;
  return { share: Math.max(SHARE_MIN, shareNow(eagerness, now) * AFTER_REFUSAL), at: now };
}

export function afterAcceptance(eagerness: Eagerness, now: Instant): Eagerness {
  const share = shareNow(eagerness, now);
  return share >= 1 ? FULLY_EAGER : { share: Math.min(1, share * AFTER_ACCEPTANCE), at: now };
}
