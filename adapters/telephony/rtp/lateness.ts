/** How late packets left, over the last second that is complete: a load fact, by which dispatch avoids a busy server. */

const BUCKET_MS = 0.25;
/** 200 ms; later counts as that. */
const BUCKETS = 800;
const WINDOW_MS = 1_000;

export interface Lateness {
  record(latenessMs: number, packets: number, nowMs: number): void;
}

/** `publish` gets the p99 in milliseconds once a second while there is anything to say. */
export function createLateness(publish: (p99Ms: number) => void): Lateness {
  const counts = new Uint32Array(BUCKETS);
  let total = 0;
  let windowEndsMs: number | null = null;

  function percentile99(): number {
    let left = total / 100;
    for (let bucket = BUCKETS - 1; bucket > 0; bucket -= 1) {
      left -= counts[bucket] ?? 0;
      if (left < 0) return (bucket + 1) * BUCKET_MS;
    }
    return BUCKET_MS;
  }

  return {
    record(latenessMs, packets, nowMs) {
      windowEndsMs ??= nowMs + WINDOW_MS;
      if (nowMs >= windowEndsMs) {
        publish(total === 0 ? 0 : percentile99());
        counts.fill(0);
        total = 0;
        windowEndsMs = nowMs + WINDOW_MS;
      }
      const bucket = Math.max(0, Math.min(BUCKETS - 1, Math.floor(latenessMs / BUCKET_MS)));
      counts[bucket] = (counts[bucket] ?? 0) + packets;
      total += packets;
    },
  };
}
