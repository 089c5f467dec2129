/** A kept event as JSON in two parts: what happened, and everything beside it. */
import type { KeptEvent } from "../../domain/ports/audit-store.ts";

export type KeptParts = {
  readonly data: KeptEvent["event"];
  readonly metadata: Omit<KeptEvent, "event">;
};

export function toParts({ event, ...metadata }: KeptEvent): KeptParts {
  return { data: event, metadata };
}

export function fromParts({ data, metadata }: KeptParts): KeptEvent {
  return { event: data, ...metadata };
}
