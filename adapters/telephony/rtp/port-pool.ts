/** RTP ports of a server: even ones, RTCP on the next (RFC 3550 11). */

/** A released port rests: packets of its last call may still be on their way. */
const REST_MS = 10_000;

/** First and last port, both included. 0 to 0: whatever the system gives (tests, development). */
export type PortRange = { readonly first: number; readonly last: number };

export interface PortPool {
  /** A random one, hard to guess for whoever wants to inject audio; null when all are taken or resting. */
  take(nowMs: number): number | null;
  give(port: number, nowMs: number): void;
  /** Free now, the rested ones included. */
  free(nowMs: number): number;
}

/** `draw` is uniform in [0, 1). Throws RangeError when the range holds no pair. */
export function createPortPool(range: PortRange, draw: () => number): PortPool {
  const ready = evenPorts(range);
  const resting: { readonly port: number; readonly readyAtMs: number }[] = [];

  function wake(nowMs: number): void {
    while ((resting[0]?.readyAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
      ready.push(resting.shift()?.port ?? 0);
    }
  }

  return {
    take(nowMs) {
      wake(nowMs);
      const index = Math.floor(draw() * ready.length);
      const port = ready[index];
      const last = ready.pop();
      if (port === undefined || last === undefined) return null;
      if (index < ready.length) ready[index] = last;
      return port;
    },
    give(port, nowMs) {
      resting.push({ port, readyAtMs: nowMs + REST_MS });
    },
    free(nowMs) {
      wake(nowMs);
      return ready.length;
    },
  };
}

function evenPorts({ first, last }: PortRange): number[] {
  const start = first + (first & 1);
  const count = Math.floor((last - start + 1) / 2);
  if (first < 1_024 || last > 65_535 || count < 1) {
    throw new RangeError(
      `media: the RTP port range ${first}-${last} holds no pair of ports from 1024 to 65535; give e.g. 20000-21999`,
    );
  }
  return Array.from({ length: count }, (_, i) => start + 2 * i);
}
