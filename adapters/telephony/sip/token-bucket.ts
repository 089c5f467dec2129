import type { Clock } from "../../../domain/ports/clock.ts";

/** Lets `perSecond` through on average and `burst` at once. */
export type TokenBucket = { take(): boolean };

export function createTokenBucket(
  limit: { readonly perSecond: number; readonly burst: number },
  clock: Pick<Clock, "monotonic">,
): TokenBucket {
  let tokens = limit.burst;
  let filledAt = clock.monotonic();
  return {
    take() {
      const now = clock.monotonic();
      tokens = Math.min(limit.burst, tokens + ((now - filledAt) / 1_000) * limit.perSecond);
      filledAt = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
