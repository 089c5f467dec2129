/**
 * The telephone network of a run: one SIP peer for each telephony server, so that an INVITE tells who sent it, and
 * a script for each call drawn from the run's dice. It keeps what really happened, independently of the product:
 * which number rang when, and until when.
 */
import type { IncomingInvite, SipDialog, SipEndpoint } from "../../adapters/telephony/sip/signalling.ts";
import type { Dice } from "../simulation/dice.ts";
import { calledNumber, openAudioSink, openFarTrunk, trunkAddress } from "../support/far-trunk.ts";

/** A call as the far end saw it; times in milliseconds of the wall clock. */
export type SeenCall = {
  readonly callId: string;
  readonly server: string;
  readonly number: string;
  readonly beganAt: number;
  readonly script: Script;
  answeredAt: number | null;
  /** Null: still going on. */
  endedAt: number | null;
  /** Its server died under it: nobody will ever end it but the far end. */
  orphaned: boolean;
};

type Script = "answer" | "hang-up" | "busy" | "no-answer";

/** Shares of each kind of call, in order; the rest hangs up by itself. */
const ANSWERED = 0.55;
const BUSY = 0.2;
const NO_ANSWER = 0.1;

export type Moment = "ringing" | "answered" | "ended";

export type FarEnd = {
  /** "127.0.0.1:port" that this server is to take for its trunk. */
  addressFor(server: string): string;
  readonly calls: readonly SeenCall[];
  /** Resolves at the next such moment of a call of this server; false after `patienceMs`. */
  next(server: string, moment: Moment, patienceMs: number): Promise<boolean>;
  /** The server's process is gone: its calls are orphans, and those who answered hang up after a while. */
  lost(server: string): void;
  live(): number;
  close(): Promise<void>;
};

export async function startFarEnd(
  servers: readonly string[],
  dice: Dice,
  isUp: (server: string) => boolean,
): Promise<FarEnd> {
  const calls: SeenCall[] = [];
  const open = new Map<SeenCall, () => void>();
  const endpoints = new Map<string, SipEndpoint>();
  const waiting = new Set<{ server: string; moment: Moment; resolve: (came: boolean) => void }>();
  const sink = await openAudioSink();

  function tell(server: string, moment: Moment): void {
    for (const one of waiting) {
      if (one.server !== server || one.moment !== moment) continue;
      waiting.delete(one);
      one.resolve(true);
    }
  }

  function ended(call: SeenCall): void {
    open.delete(call);
    if (call.endedAt !== null) return;
    call.endedAt = Date.now();
    tell(call.server, "ended");
  }

  function draw(): Script {
    const drawn = dice.draw();
    if (drawn < ANSWERED) return "answer";
    if (drawn < ANSWERED + BUSY) return "busy";
    return drawn < ANSWERED + BUSY + NO_ANSWER ? "no-answer" : "hang-up";
  }

  function onInvite(server: string, invite: IncomingInvite): void {
    const call: SeenCall = {
      callId: invite.callId,
      server,
      number: calledNumber(invite),
      beganAt: Date.now(),
      script: draw(),
      answeredAt: null,
      endedAt: null,
      orphaned: false,
    };
    calls.push(call);
    let timer: NodeJS.Timeout | null = null;
    const stopTimer = (): void => {
      if (timer !== null) clearTimeout(timer);
    };
    open.set(call, () => {
      stopTimer();
      invite.reject(480);
    });
    invite.onCancelled(() => {
      stopTimer();
      ended(call);
    });
    invite.ring();
    tell(server, "ringing");
    // Sent just before its sender died: the telephone rings all the same.
    if (!isUp(server)) orphan(call);
    if (call.script === "no-answer") return;
    timer = setTimeout(
      () => {
        if (call.script === "busy") {
          invite.reject(486);
          ended(call);
        } else answer(call, invite);
      },
      dice.between(20, 400),
    );
  }

  function answer(call: SeenCall, invite: IncomingInvite): void {
    const dialog: SipDialog | null = invite.answer(sink.sdp);
    if (dialog === null) return ended(call);
    call.answeredAt = Date.now();
    open.set(call, () => dialog.bye());
    dialog.onEnded(() => ended(call));
    tell(call.server, "answered");
    if (call.script === "hang-up") setTimeout(() => dialog.bye(), dice.between(50, 700));
  }

  function orphan(call: SeenCall): void {
    const hangUp = open.get(call);
    open.delete(call);
    call.orphaned = true;
    call.endedAt ??= Date.now();
    hangUp?.();
  }

  for (const server of servers) {
    endpoints.set(server, await openFarTrunk(server, (invite) => onInvite(server, invite)));
  }

  return {
    addressFor(server) {
      const endpoint = endpoints.get(server);
      if (endpoint === undefined) throw new Error(`no trunk was opened for ${server}`);
      return trunkAddress(endpoint);
    },
    calls,
    async next(server, moment, patienceMs) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const wait = { server, moment, resolve };
      waiting.add(wait);
      const impatience = setTimeout(() => {
        waiting.delete(wait);
        resolve(false);
      }, patienceMs);
      const came = await promise;
      clearTimeout(impatience);
      return came;
    },
    lost(server) {
      // A copy: an orphan leaves the map while we walk it.
      for (const call of Array.from(open.keys())) if (call.server === server) orphan(call);
    },
    live: () => open.size,
    async close() {
      for (const hangUp of open.values()) hangUp();
      await Promise.all([...endpoints.values()].map((endpoint) => endpoint.close()));
      sink.close();
    },
  };
}
