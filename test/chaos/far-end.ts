/**
 * The telephone network of a run: one SIP peer for each telephony server, so that an INVITE tells who sent it, and
 * a script for each call drawn from the run's dice. It keeps what really happened, independently of the product:
 * which number rang when, and until when.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createSystemClock } from "../../adapters/system/clock.ts";
import { createSipEndpoint } from "../../adapters/telephony/sip/endpoint.ts";
import type { IncomingInvite, SipDialog, SipEndpoint } from "../../adapters/telephony/sip/signalling.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { Dice } from "../simulation/dice.ts";

const LOOPBACK = "127.0.0.1";

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

const SILENT: OperatorLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
const NOBODY = "";

export async function startFarEnd(
  servers: readonly string[],
  dice: Dice,
  isUp: (server: string) => boolean,
): Promise<FarEnd> {
  const calls: SeenCall[] = [];
  const open = new Map<SeenCall, () => void>();
  const endpoints = new Map<string, SipEndpoint>();
  const waiting = new Set<{ server: string; moment: Moment; resolve: (came: boolean) => void }>();
  // Somewhere for the audio to go; nobody listens.
  const sink = createSocket("udp4");
  sink.bind(0, LOOPBACK);
  await once(sink, "listening");
  const sdp = [
    "v=0",
    `o=- 1 1 IN IP4 ${LOOPBACK}`,
    "s=-",
    `c=IN IP4 ${LOOPBACK}`,
    "t=0 0",
    `m=audio ${sink.address().port} RTP/AVP 0`,
    "a=rtpmap:0 PCMU/8000",
    "",
  ].join("\r\n");

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
      number: `+${invite.calledUser.replace(/^\+/, NOBODY)}`,
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
    const dialog: SipDialog | null = invite.answer(sdp);
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
    const endpoint = await createSipEndpoint({
      listenAddress: LOOPBACK,
      listenPort: 0,
      transport: "udp",
      peers: [{ name: server, addresses: [LOOPBACK], pinnedTo: null, forceRport: true }],
      user: "guest",
      clock: createSystemClock(),
      log: SILENT,
      onInvite: (invite) => onInvite(server, invite),
    });
    endpoints.set(server, endpoint);
  }

  return {
    addressFor: (server) => `${LOOPBACK}:${endpoints.get(server)?.local.port ?? 0}`,
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
