import type { CoreIncomingMessage } from "./sip-core.ts";

const Q850_CAUSE = /^ ?Q\.850 ?(?:;[^,]*?)?; ?cause ?= ?(\d{1,3})(?!\d)/i;

/** The cause of a Reason header of protocol Q.850 (RFC 3326); null when there is none. */
export function q850Of(message: CoreIncomingMessage): number | null {
  for (const value of message.getHeaders("reason").flatMap((line) => line.split(","))) {
    const cause = Q850_CAUSE.exec(value)?.[1];
    if (cause !== undefined) return Number(cause);
  }
  return null;
}

const DELAY = /^(\d{1,6})(?![\d.])/;

/** Seconds of a Retry-After header (RFC 3261 20.33); null when there is none that can be read. */
export function retryAfterOf(message: CoreIncomingMessage): number | null {
  const seconds = DELAY.exec(message.getHeader("retry-after") ?? "")?.[1];
  return seconds === undefined ? null : Number(seconds);
}
