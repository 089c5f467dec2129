/**
 * Refusals at the gate, kept for the auditor without letting an attacker fill the log: the first of each
 * (channel, source, Sender named, reason) is written at once, then at most one record a second with their number.
 */
import { type Instant, instant, SECOND_MS } from "../kernel/time.ts";
import type { IntakeRefused } from "../request/commands.ts";

type Refusal = Omit<IntakeRefused, "type" | "count" | "at">;

/** Combinations counted apart; whoever varies its address beyond that is counted as "many" for each reason. */
export const REFUSALS_COUNTED_MAX = 1_000;
export const REFUSAL_RECORD_EVERY_MS = SECOND_MS;

export interface RefusalCounts {
  note(refusal: Refusal, now: Instant): void;
  /** Writes what has been held back for a second, and forgets what has been quiet. True: something is still held. */
  flush(now: Instant): boolean;
}

type Count = { readonly refusal: Refusal; writtenAt: Instant; held: number };

export function createRefusalCounts(write: (fact: IntakeRefused) => void): RefusalCounts {
  const counts = new Map<string, Count>();

  function writeOut(count: Count, now: Instant, number: number): void {
    count.held = 0;
    count.writtenAt = now;
    write({ type: "IntakeRefused", ...count.refusal, count: number, at: now });
  }

  function countOf(refusal: Refusal): Count {
    const known = counts.get(keyOf(refusal));
    if (known !== undefined) return known;
    const crowded = counts.size >= REFUSALS_COUNTED_MAX && refusal.source !== "many";
    if (crowded) return countOf({ ...refusal, claimedSender: "", source: "many" });
    const fresh: Count = { refusal, writtenAt: instant(Number.NEGATIVE_INFINITY), held: 0 };
    counts.set(keyOf(refusal), fresh);
    return fresh;
  }

  return {
    note(refusal, now) {
      const count = countOf(refusal);
      if (isDue(count, now)) writeOut(count, now, count.held + 1);
      else count.held += 1;
    },
    flush(now) {
      for (const [key, count] of counts) {
        if (!isDue(count, now)) continue;
        if (count.held > 0) writeOut(count, now, count.held);
        else counts.delete(key);
      }
      return counts.size > 0;
    },
  };
}

// A clock that was set back must not silence the counter.
function isDue(count: Count, now: Instant): boolean {
  return Math.abs(now - count.writtenAt) >= REFUSAL_RECORD_EVERY_MS;
}

function keyOf(refusal: Refusal): string {
  return [refusal.channel, refusal.source, refusal.claimedSender, refusal.reason].join("\n");
}
