import type { OfferId } from "../kernel/identifiers.ts";
import type { Durable } from "./durable.ts";

/**
 * What a telephony server must remember through kill -9 (I11–I13): the verdict it gave to each offer, which
 * grants it obeyed, and the outcome of each call until the log has acknowledged it. `body` is the service's own
 * JSON. Put is durable when it resolves; a failed fsync ends the process.
 */
export interface CallJournal {
  /** Everything that was put and not removed, oldest first; read once at start. */
  entries(): ReadonlyMap<string, string>;
  put(key: OfferId | string, body: string): Promise<Durable>;
  /** Not durable at once: coming back after a crash is harmless, since its outcome is repeated, not recalled. */
  remove(key: OfferId | string): void;
  close(): Promise<void>;
}
