/**
 * A telephone network in which every number answers: the far end of a trunk for many calls at once. It keeps who
 * was rung, when and for how long, independently of the product.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createSystemClock } from "../../adapters/system/clock.ts";
import { createSipEndpoint } from "../../adapters/telephony/sip/endpoint.ts";
import type { IncomingInvite } from "../../adapters/telephony/sip/signalling.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import { createFakeOperatorLog } from "./fake-operator-log.ts";

const LOOPBACK = "127.0.0.1";

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

  function end(call: RungCall): void {
    hangUps.delete(call);
    call.endedAt ??= clock.now();
    for (const look of waiting) look();
  }

  function ring(invite: IncomingInvite): void {
    const number = `+${invite.calledUser.replace(/^\+/, "")}`;
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
    const dialog = invite.answer(sdp);
    if (dialog === null) return end(call);
    call.answered = true;
    hangUps.set(call, () => dialog.bye());
    dialog.onEnded(() => end(call));
  }

  const endpoint = await createSipEndpoint({
    listenAddress: LOOPBACK,
    listenPort: 0,
    transport: "udp",
    peers: [{ name: "reveille", addresses: [LOOPBACK], pinnedTo: null, forceRport: true }],
    user: "guest",
    clock,
    log: createFakeOperatorLog(),
    onInvite: ring,
  });
  return {
    address: `${LOOPBACK}:${endpoint.local.port}`,
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
