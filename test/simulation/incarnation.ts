/** One life of a process. A crash ends it: what it had scheduled or was waiting for never happens. */
export type Incarnation = {
  readonly name: string;
  alive: boolean;
  /** As after SIGSTOP: until then nothing of it runs; 0: it runs. */
  pausedUntil: number;
  /** Nothing that it writes arrives at the log until then. */
  muteUntil: number;
  /** Nothing in the log reaches it until then. */
  deafUntil: number;
  /** How far its wall clock is from the true one, ms. */
  wallOffsetMs: number;
};

export function bear(name: string, wallOffsetMs: number): Incarnation {
  return { name, alive: true, pausedUntil: 0, muteUntil: 0, deafUntil: 0, wallOffsetMs };
}

/** Friday 2026-11-20, 17:00:30 UTC: half a minute after noon in New York, where everybody who is called lives. */
export const START = Date.UTC(2026, 10, 20, 17, 0, 30);
