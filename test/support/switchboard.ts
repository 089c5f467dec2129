/**
 * A telephone network in which every number answers: the far end of a trunk for many calls at once. It keeps who
 * was rung, when and for how long, independently of the product.
 */
import { createSystemClock } from "../../adapters/system/clock.ts";
import type { IncomingInvite } from "../../adapters/telephony/sip/signalling.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import { calledNumber, openAudioSink, openFarTrunk, trunkAddress } from "./far-trunk.ts";

/** Times in milliseconds of the wall clock. */
type RungCall = {
  readonly number: string;
  readonly beganAt: number;
  answered: boolean;
  /** Null: going on, or its server died under it. */
  endedAt: number | null;
};

export type Switchboard = {
  /** For REVEILLE_TRUNK. */
  readonly address: string;
  readonly calls: readonly RungCall[];
  /** Resolves once a call to this number has ended, past or to come. */
  over(number: string): Promise<void>;
  close(): Promise<void>;
};

export async function startSwitchboard(answerAfterMs = 100): Promise<Switchboard> {
  const clock = createSystemClock();
  const calls: RungCall[] = [];
  const hangUps = new Map<RungCall, () => void>();
  const waiting = new Set<() => void>();
  const sink = await openAudioSink();

  function end(call: RungCall): void {
    hangUps.delete(call);
    call.endedAt ??= clock.now();
    for (const look of waiting) look();
  }

  function ring(invite: IncomingInvite): void {
    const number = calledNumber(invite);
    const call: RungCall = { number, beganAt: clock.now(), answered: false, endedAt: null };
    calls.push(call);
    invite.ring();
    const cancel = clock.schedule(milliseconds(answerAfterMs), () => answer(call, invite));
    hangUps.set(call, () => {
      cancel();
      invite.reject(480);
    });
    invite.onCancelled(() => {
      cancel();
      end(call);
    });
  }

  function answer(call: RungCall, invite: IncomingInvite): void {
    const dialog = invite.answer(sink.sdp);
    if (dialog === null) return end(call);
    call.answered = true;
    hangUps.set(call, () => dialog.bye());
    dialog.onEnded(() => end(call));
  }

  const endpoint = await openFarTrunk("reveille", ring);
  return {
    address: trunkAddress(endpoint),
    calls,
    over: (number) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!calls.some((call) => call.number === number && call.endedAt !== null)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async close() {
      for (const hangUp of hangUps.values()) hangUp();
      await endpoint.close();
      sink.close();
    },
  };
}
