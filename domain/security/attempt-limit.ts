/**
 * How many wrong proofs an address may show: a bucket of tokens for each, so that guessing costs the guesser and
 * not our processor. A right proof costs nothing, however often it comes.
 */
import { type Milliseconds, SECOND_MS } from "../kernel/time.ts";
import { countedAddress } from "./cidr.ts";

export type AttemptRules = {
  /** Wrong proofs in a row. */
  readonly burst: number;
  /** One more is allowed after this time. */
  readonly refillMs: number;
  /** Addresses remembered; the one not heard of for longest is forgotten first. */
  readonly addressesMax: number;
};

export const ATTEMPT_RULES: AttemptRules = { burst: 20, refillMs: 3 * SECOND_MS, addressesMax: 10_000 };

export interface AttemptLimit {
  /** Null: go ahead. Otherwise seconds after which the address may try again. */
  blockedForSeconds(address: string, now: Milliseconds): number | null;
  charge(address: string, now: Milliseconds): void;
  /** Returns what was charged before the proof turned out right. */
  giveBack(address: string): void;
}

type Bucket = { tokens: number; filledAt: Milliseconds };

/** `now` is monotonic time throughout. */
export function createAttemptLimit(rules: AttemptRules = ATTEMPT_RULES): AttemptLimit {
  // The order of a Map is the order of its insertions: the first key is the one to forget.
  const buckets = new Map<string, Bucket>();

  function refilled(key: string, now: Milliseconds): Bucket {
    const before = buckets.get(key) ?? { tokens: rules.burst, filledAt: now };
    const earned = Math.max(0, (now - before.filledAt) / rules.refillMs);
    return { tokens: Math.min(rules.burst, before.tokens + earned), filledAt: now };
  }

  return {
    blockedForSeconds(address, now) {
      const key = countedAddress(address);
      if (!buckets.has(key)) return null;
      const { tokens } = refilled(key, now);
      return tokens >= 1 ? null : Math.max(1, Math.ceil(((1 - tokens) * rules.refillMs) / SECOND_MS));
    },
    charge(address, now) {
      const key = countedAddress(address);
      const bucket = refilled(key, now);
      buckets.delete(key);
      buckets.set(key, { ...bucket, tokens: bucket.tokens - 1 });
      if (buckets.size > rules.addressesMax) forgetOldest(buckets);
    },
    giveBack(address) {
      const bucket = buckets.get(countedAddress(address));
      if (bucket !== undefined) bucket.tokens = Math.min(rules.burst, bucket.tokens + 1);
    },
  };
}

function forgetOldest(buckets: Map<string, Bucket>): void {
  for (const key of buckets.keys()) {
    buckets.delete(key);
    return;
  }
}
