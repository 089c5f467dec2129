/** One life of a process. A crash ends it: what it had scheduled or was waiting for never happens. */
export type Incarnation = {
  readonly name: string;
  alive: boolean;
  /** As after SIGSTOP: until then nothing of it runs; 0: it runs. */
  pausedUntil: number;
  /** Cut off from the log until then. */
  cutOffUntil: number;
  /** How far its wall clock is from the true one, ms. */
  wallOffsetMs: number;
};

export function bear(name: string, wallOffsetMs: number): Incarnation {
  return { name, alive: true, pausedUntil: 0, cutOffUntil: 0, wallOffsetMs };
}

/** Friday 2026-11-20, 17:00 UTC: an open hour everywhere in the United States. */
export const START = Date.UTC(2026, 10, 20, 17);
