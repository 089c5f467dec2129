/**
 * Keeps `load` from being silent for want of somebody who speaks: where no server has been heard for a while, the
 * dispatcher says something itself and listens for it. Without it nobody could tell servers that are gone from a
 * topic that carries nothing (its broker is away, while the others work).
 */
import { unownedEnvelope } from "../../domain/kernel/envelope.ts";
import { slotOfName } from "../../domain/kernel/identifiers.ts";
import { type Instant, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import type { TelephonyLoad } from "../../projections/telephony-load.ts";

/** Two reports of any server are late. */
const PROBE_EVERY_MS = 2_000;

export type LoadProbePorts = {
  readonly log: Pick<EventLog, "append">;
  readonly clock: Clock;
  readonly load: TelephonyLoad;
  readonly steadyNow: () => Instant;
  readonly ulid: () => string;
};

/** Answers a function that stops it. */
export function startLoadProbe({ log, clock, load, steadyNow, ulid }: LoadProbePorts): () => void {
  const key = `probe/${ulid()}`;
  let cancel = clock.schedule(milliseconds(PROBE_EVERY_MS), look);

  function look(): void {
    cancel = clock.schedule(milliseconds(PROBE_EVERY_MS), look);
    if (steadyNow() - load.heardAt < PROBE_EVERY_MS) return;
    const about = { id: ulid(), source: "dispatcher", subject: null, time: clock.now(), causationId: null };
    // A tombstone: of a compacted topic nothing of it remains.
    const probe = { key, slot: slotOfName(key), envelope: unownedEnvelope(about), message: null };
    // Not written, it is not heard, and that is what it is for.
    log.append("load", [probe]).catch(() => undefined);
  }

  return () => cancel();
}
