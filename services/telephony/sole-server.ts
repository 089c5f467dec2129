/**
 * Two processes under one server's name would each obey half of what the name is granted, and each would look to
 * the dispatchers like the other's death. The log shows who else uses the name: every server reports its load
 * once a second, with the instant at which its run began.
 *
 * Who comes second refuses to start. That takes listening for a few reports, unless the last one is from a run
 * that has surely ended. Of two that start together neither hears the other: so a server goes on listening for
 * its name, and the one whose run began later ends itself.
 */
import type { ServerId } from "../../domain/kernel/identifiers.ts";
import { type Instant, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { EventLog, Subscription } from "../../domain/ports/event-log.ts";

/** A server that has not been heard of for so long is not there: three reports. */
export const SILENT_MS = milliseconds(3_500);
/** A report older than this needs no listening. Much longer than clocks of one house differ. */
export const LONG_AGO_MS = 120_000;

/** Another process reports under the name. Trying again helps once that one has ended. */
class ServerTakenError extends Error {
  readonly retryable = true;
  override readonly name = "ServerTakenError";
}

export type SoleServer = {
  /** Resolves when nobody else uses the name. Throws `ServerTakenError`. */
  claim(): Promise<void>;
  /** From now on this process's own reports are told from others' by the start of its run. */
  runs(startedAt: Instant): void;
  /** Rejects with `ServerTakenError` when this process has to give way, or when the log failed for good. */
  readonly ended: Promise<never>;
  stop(): Promise<void>;
};

/** `formerRun` is the start of the last run on this machine, which has ended; null: unknown. */
export function createSoleServer(
  server: ServerId,
  formerRun: Instant | null,
  ports: { readonly log: EventLog; readonly clock: Clock },
): SoleServer {
  const { log, clock } = ports;
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  let subscription: Subscription | null = null;
  let own: Instant | null = null;
  /** The newest report of the name before this process used it. */
  let found: { readonly startedAt: Instant; readonly at: Instant } | null = null;
  let claimed = false;
  let heardOther: (() => void) | null = null;

  function hear(startedAt: Instant, at: Instant): void {
    // The last words of the former run may be read late.
    if (startedAt === own || startedAt === formerRun) return;
    if (!claimed) {
      found = { startedAt, at };
      heardOther?.();
    } else if (own !== null && startedAt < own) failed.reject(taken());
  }

  function taken(): ServerTakenError {
    return new ServerTakenError(
      `another process reports as telephony server "${server}"; give each a REVEILLE_SERVER of its own, or stop the other one`,
    );
  }

  function mayBeAlive(): boolean {
    return found !== null && clock.now() - found.at < LONG_AGO_MS;
  }

  async function listenOnce(): Promise<boolean> {
    const heard = Promise.withResolvers<boolean>();
    heardOther = () => heard.resolve(true);
    const cancel = clock.schedule(SILENT_MS, () => heard.resolve(false));
    const answer = await heard.promise;
    cancel();
    return answer;
  }

  return {
    async claim() {
      subscription = log.follow("load", "start", (records) => {
        for (const record of records) {
          if (record.ok && record.message?.server === server)
            hear(record.message.startedAt, record.appendedAt);
        }
      });
      subscription.ended.catch(failed.reject);
      await Promise.race([subscription.caughtUp, failed.promise]);
      if (mayBeAlive() && (await Promise.race([listenOnce(), failed.promise]))) throw taken();
      claimed = true;
    },
    runs(startedAt) {
      own = startedAt;
    },
    ended: failed.promise,
    stop: async () => subscription?.stop(),
  };
}
