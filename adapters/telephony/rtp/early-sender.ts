/**
 * Lets a prompt begin at once. A call sends every 20 ms, so a prompt that begins between two turns would wait for the
 * next; at the press of a key that is heard as slowness. Here the first packet leaves at the next slot of the wheel,
 * and the rest of the prompt in step with it: each packet is the one that the call's own turn would have sent, up
 * to 15 ms earlier. Timestamps stay on the one grid of 20 ms (RFC 3550 5.1: they count samples, not moments), so that
 * a receiver whose buffer is full plays what it would have played, and one that re-times at the marker plays it
 * sooner. After the prompt the call's own turn goes on. The lead never adds up: a second packet ahead of the same
 * turn is not sent.
 */
import type { Wheel, WheelMember } from "./wheel.ts";

export interface EarlySender {
  /** Something to say has come. */
  begin(): void;
  /** At the call's own turn: whether its packet has left already. */
  covers(nowMs: number): boolean;
  /** Nothing more is sent early: hold, or the end. What left early still counts. */
  end(): void;
}

export type EarlySenderPorts = {
  readonly wheel: Pick<Wheel, "joinNext" | "leave">;
  readonly isIdle: () => boolean;
  readonly send: () => void;
};

export function createEarlySender({ wheel, isIdle, send }: EarlySenderPorts): EarlySender {
  let aboard = false;
  let ahead = false;
  let ownTurnMs = Number.NEGATIVE_INFINITY;

  function end(): void {
    if (!aboard) return;
    aboard = false;
    wheel.leave(member);
  }

  // Turns that were missed are made up for by the call's own: it alone moves the timestamp.
  const member: WheelMember = {
    turn(nowMs) {
      if (isIdle()) return end();
      if (ahead || nowMs === ownTurnMs) return wheel.joinNext(member);
      ahead = true;
      send();
    },
  };

  return {
    begin() {
      aboard = true;
      wheel.joinNext(member);
    },
    covers(nowMs) {
      ownTurnMs = nowMs;
      const covered = ahead;
      ahead = false;
      return covered;
    },
    end,
  };
}
