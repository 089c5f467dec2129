import { setTimeout } from "node:timers/promises";
import { LogUnavailableError } from "../../domain/ports/event-log.ts";

/** Long enough for another process to finish what keeps the log, short enough not to be felt. */
const READ_AGAIN_MS = 20;

/** A log that can't be read now is read again for as long as it takes; any other failure is thrown. */
export async function patiently<T>(read: () => T): Promise<T> {
  for (;;) {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof LogUnavailableError)) throw error;
    }
    await setTimeout(READ_AGAIN_MS);
  }
}
