/**
 * Kafka compacts no record in the segment that is being written, and closes that segment only when something is
 * written to it: on a quiet topic an erased key would lie on the brokers' disks until the next new Customer comes
 * (tried: it does). So whoever runs writes one empty record when the time that compaction may take is over, unless
 * somebody else has written by then.
 */

import { type Instant, MINUTE_MS, milliseconds } from "../../domain/kernel/time.ts";
import { KEYS_COMPACTED_WITHIN_MS } from "../../domain/keys/messages.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import { appendKeyRecords, type KeyRecordPorts } from "./key-records.ts";

export type Closing = {
  /** Of each record, when the log took it, and whether it erased a key. */
  seen(at: Instant, erases: boolean): void;
  stop(): void;
};

const LOOK_AFTER_MS = milliseconds(KEYS_COMPACTED_WITHIN_MS + MINUTE_MS);
/** A tombstone of nothing: it names no key, and of any number of them compaction leaves one. */
const CLOSING_KEY = "closing";

export function createClosing(ports: KeyRecordPorts & { readonly operatorLog: OperatorLog }): Closing {
  let newestAt = 0;
  let erasedAt: number | null = null;
  let cancel: (() => void) | null = null;
  let stopped = false;

  function look(): void {
    cancel = null;
    if (stopped || erasedAt === null) return;
    if (newestAt - erasedAt >= KEYS_COMPACTED_WITHIN_MS) {
      erasedAt = null;
      return;
    }
    appendKeyRecords(ports, [{ key: CLOSING_KEY, message: null }]).catch((error: unknown) => {
      ports.operatorLog.warn("an erased key may stay on disks until the next one is made", { error });
    });
    // Ours is seen like anybody's; if it was not written, there is another look.
    lookLater();
  }

  function lookLater(): void {
    cancel ??= ports.clock.schedule(LOOK_AFTER_MS, look);
  }

  return {
    seen(at, erases) {
      newestAt = Math.max(newestAt, at);
      if (!erases) return;
      erasedAt = Math.max(erasedAt ?? 0, at);
      lookLater();
    },
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
