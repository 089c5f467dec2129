/**
 * Whether a trunk answers. It is asked with OPTIONS (RFC 3261 11) every 30 s, every 10 s while it is down: three
 * failures in a row take it out of use, one answer brings it back. Calls that are up are left alone.
 */
import { type Milliseconds, milliseconds } from "../../../domain/kernel/time.ts";
import type { Clock } from "../../../domain/ports/clock.ts";

export const ASKED_EVERY_MS: Milliseconds = milliseconds(30_000);
export const ASKED_WHILE_DOWN_EVERY_MS: Milliseconds = milliseconds(10_000);
export const FAILURES_TO_DOWN = 3;
/** A trunk that needs longer to say that it is there could not set up a call in time either. */
export const ANSWER_PATIENCE_MS: Milliseconds = milliseconds(5_000);
/** "Not now" is what draining peers say (RFC 3261 21.5.4). Any other answer, 404 or 405, shows that somebody is there. */
const NOT_NOW = 503;

export interface TrunkHealth {
  readonly isUp: () => boolean;
  readonly stop: () => void;
}

export type TrunkHealthPorts = {
  readonly clock: Clock;
  /** The status of the answer, null when none came or nothing could be sent. Never rejects. */
  readonly ask: () => Promise<number | null>;
  readonly onChange: (isUp: boolean) => void;
};

export function watchTrunk({ clock, ask, onChange }: TrunkHealthPorts): TrunkHealth {
  let failures = 0;
  let stopped = false;
  let cancel = clock.schedule(ASKED_EVERY_MS, begin);

  const isUp = (): boolean => failures < FAILURES_TO_DOWN;

  function begin(): void {
    let judged = false;
    const judge = (status: number | null): void => {
      if (judged || stopped) return;
      judged = true;
      cancel();
      conclude(status !== null && status !== NOT_NOW);
    };
    cancel = clock.schedule(ANSWER_PATIENCE_MS, () => judge(null));
    void ask().then(judge);
  }

  function conclude(answered: boolean): void {
    const before = isUp();
    failures = answered ? 0 : failures + 1;
    if (isUp() !== before) onChange(isUp());
    cancel = clock.schedule(isUp() ? ASKED_EVERY_MS : ASKED_WHILE_DOWN_EVERY_MS, begin);
  }

  return {
    isUp,
    stop() {
      stopped = true;
      cancel();
    },
  };
}
