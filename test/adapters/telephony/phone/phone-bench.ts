import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemClock } from "../../../../adapters/system/clock.ts";
import { createPhone } from "../../../../adapters/telephony/phone/phone.ts";
import type { PhoneEvent, PhoneEventType } from "../../../../adapters/telephony/phone/phone-event.ts";
import type { Phone, PhoneOptions } from "../../../../adapters/telephony/phone/phone-options.ts";
import { createMediaPlane } from "../../../../adapters/telephony/rtp/threaded-media-plane.ts";
import { createTelephony, type SipTelephony } from "../../../../adapters/telephony/telephony.ts";
import type { IncomingAnswer, IncomingCall } from "../../../../domain/ports/telephony.ts";
import { createFakeOperatorLog } from "../../../support/fake-operator-log.ts";
import { trunkTo } from "../sip/exchange.ts";

const HOST = "127.0.0.1";
const EVENTS_MAX = 1_000;

/** A telephone whose events can be waited for. */
export type WatchedPhone = Phone & {
  readonly events: readonly PhoneEvent[];
  saw<Type extends PhoneEventType>(type: Type): Promise<Extract<PhoneEvent, { type: Type }>>;
};

export async function watchedPhone(options: Partial<PhoneOptions> = {}): Promise<WatchedPhone> {
  const events: PhoneEvent[] = [];
  const waiting = new Set<() => void>();
  const phone = await createPhone({
    listenAddress: HOST,
    listenPort: 0,
    network: ["127.0.0.0/8"],
    rtpPorts: { first: 0, last: 0 },
    user: "12125550123",
    pickUp: { how: "answer", afterMs: 0 },
    script: [],
    hangUpAfterMs: null,
    recordTo: null,
    onEvent: (event) => {
      if (events.length < EVENTS_MAX) events.push(event);
      for (const wake of waiting) wake();
    },
    clock: createSystemClock(),
    log: createFakeOperatorLog(),
    ...options,
  });
  async function saw<Type extends PhoneEventType>(type: Type): Promise<Extract<PhoneEvent, { type: Type }>> {
    return await new Promise((resolve) => {
      const look = (): void => {
        const found = events.find((event) => event.type === type);
        if (found === undefined) return;
        waiting.delete(look);
        // oxlint-disable-next-line no-unsafe-type-assertion -- its type was just compared
        resolve(found as Extract<PhoneEvent, { type: Type }>);
      };
      waiting.add(look);
      look();
    });
  }
  return { ...phone, events, saw };
}

export type Exchange = { readonly telephony: SipTelephony; readonly close: () => Promise<void> };

/** The real telephony server, with its real media, whose only trunk leads to `port`. */
export async function exchangeTo(
  port: number,
  onIncoming?: (call: IncomingCall) => IncomingAnswer,
): Promise<Exchange> {
  const log = createFakeOperatorLog();
  const media = createMediaPlane({ portRange: { first: 0, last: 0 }, log });
  const telephony = createTelephony(
    {
      sip: { listenAddress: HOST, listenPort: 0 },
      mediaAddress: HOST,
      identity: { user: "reveille", host: "reveille.example" },
      trunks: [trunkTo(port)],
      allowLoopback: true,
    },
    { media, log, clock: createSystemClock() },
  );
  await telephony.start(onIncoming ?? (() => ({ take: false, sipCode: 486, retryAfterSeconds: null })));
  return {
    telephony,
    async close() {
      await telephony.stop();
      await media.close();
    },
  };
}

export async function temporaryFolder(): Promise<{
  readonly path: string;
  readonly remove: () => Promise<void>;
}> {
  const path = await mkdtemp(join(tmpdir(), "reveille-phone-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
