/** How a process is told to end, by its operator, its process manager, its supervisor, or the lack of one. */
import { STOP_AFTER_DRAINING, STOP_NOW } from "../adapters/process/role-messages.ts";

export type StopAsked = {
  /** Resolves with the reason: finish what is under way, then end. Or, if that is asked first, end now. */
  readonly asked: Promise<string>;
  /** Resolves with the reason: end now. */
  readonly now: Promise<string>;
};

/** Call once per process: from then on the signals no longer kill it. */
export function listenForStop(): StopAsked {
  const asked = Promise.withResolvers<string>();
  const now = Promise.withResolvers<string>();
  const atOnce = (why: string): void => {
    now.resolve(why);
    asked.resolve(why);
  };
  // Not once: Ctrl-C reaches us twice, from the terminal and through our door, and the second must not kill.
  process.on(STOP_AFTER_DRAINING, () => asked.resolve(STOP_AFTER_DRAINING));
  for (const signal of [STOP_NOW, "SIGHUP"] as const) process.on(signal, () => atOnce(signal));
  // `reveille demo | head`: who has gone does not want the rest, but what was started must still be stopped.
  process.stdout.on("error", () => atOnce("nobody reads any more"));
  // A role whose supervisor died must not live on alone with the port and the lease.
  if (process.channel !== undefined) process.once("disconnect", () => atOnce("supervisor gone"));
  return { asked: asked.promise, now: now.promise };
}
