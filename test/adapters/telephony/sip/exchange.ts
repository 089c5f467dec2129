import { createSystemClock } from "../../../../adapters/system/clock.ts";
import { createSipEndpoint, type SipEndpointOptions } from "../../../../adapters/telephony/sip/endpoint.ts";
import type { IncomingInvite, SipEndpoint } from "../../../../adapters/telephony/sip/signalling.ts";
import type { TrunkConfig } from "../../../../adapters/telephony/sip/trunk.ts";
import {
  createTelephony,
  type SipTelephony,
  type TelephonyConfig,
} from "../../../../adapters/telephony/telephony.ts";
import { parseOfferId } from "../../../../domain/kernel/identifiers.ts";
import { parsePhoneNumber } from "../../../../domain/kernel/phone-number.ts";
import { after, milliseconds } from "../../../../domain/kernel/time.ts";
import type { Clock } from "../../../../domain/ports/clock.ts";
import type { Durable } from "../../../../domain/ports/durable.ts";
import type {
  Call,
  CallEnding,
  CallOrder,
  CallProgress,
  IncomingAnswer,
  IncomingCall,
} from "../../../../domain/ports/telephony.ts";
import { createFakeOperatorLog, type FakeOperatorLog } from "../../../support/fake-operator-log.ts";
import { createFakeMedia, type FakeMedia } from "./fake-media.ts";

/** SDP of a telephone that takes both laws and keys. */
export const PHONE_SDP = [
  "v=0",
  "o=- 1 1 IN IP4 127.0.0.1",
  "s=-",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=audio 30000 RTP/AVP 0 8 101",
  "a=rtpmap:0 PCMU/8000",
  "a=rtpmap:8 PCMA/8000",
  "a=rtpmap:101 telephone-event/8000",
  "a=fmtp:101 0-15",
  "a=sendrecv",
  "",
].join("\r\n");

/** The proof that the log gives; in these tests nothing rests on it. */
// oxlint-disable-next-line no-unsafe-type-assertion -- only a log makes one
export const PERMIT = { at: createSystemClock().now() } as Durable;

export function phone(
  onInvite: (invite: IncomingInvite) => void,
  options: Partial<SipEndpointOptions> = {},
): Promise<SipEndpoint> {
  return createSipEndpoint({
    listenAddress: "127.0.0.1",
    listenPort: 0,
    transport: "udp",
    peers: [{ name: "house", addresses: ["127.0.0.1"], pinnedTo: null, forceRport: false }],
    user: "phone",
    clock: createSystemClock(),
    log: createFakeOperatorLog(),
    onInvite,
    ...options,
  });
}

export function trunkTo(port: number, change: Partial<TrunkConfig> = {}): TrunkConfig {
  return {
    name: "carrier",
    host: "127.0.0.1",
    port,
    channels: 23,
    signallingAddresses: [],
    mediaAddresses: ["127.0.0.0/8"],
    mediaSourceCheck: "strict",
    numbers: "plus",
    progressIsAlerting: false,
    forceRport: false,
    ...change,
  };
}

export type House = {
  readonly telephony: SipTelephony;
  readonly media: FakeMedia;
  readonly log: FakeOperatorLog;
};

export async function house(
  trunks: readonly TrunkConfig[],
  options: {
    readonly config?: Partial<TelephonyConfig>;
    readonly onIncoming?: (call: IncomingCall) => IncomingAnswer;
    readonly lose?: (direction: "in" | "out") => boolean;
  } = {},
): Promise<House> {
  const media = createFakeMedia();
  const log = createFakeOperatorLog();
  const telephony = createTelephony(
    {
      sip: { listenAddress: "127.0.0.1", listenPort: 0 },
      mediaAddress: "127.0.0.1",
      identity: { user: "reveille", host: "reveille.example" },
      trunks,
      allowLoopback: true,
      ...options.config,
    },
    {
      media,
      log,
      clock: createSystemClock(),
      ...(options.lose === undefined ? {} : { lose: options.lose }),
    },
  );
  await telephony.start(
    options.onIncoming ?? (() => ({ take: false, sipCode: 486, retryAfterSeconds: null })),
  );
  return { telephony, media, log };
}

export function order(clock: Pick<Clock, "now">, change: Partial<CallOrder> = {}): CallOrder {
  const offer = parseOfferId("rq_00000000000000000000000000_000#1");
  const to = parsePhoneNumber("+12125550123");
  if (offer === null || to === null) throw new Error("the sample order is wrong");
  return {
    offer,
    to,
    from: null,
    ringTimeoutMs: milliseconds(5_000),
    maxSessionMs: milliseconds(60_000),
    callBefore: after(clock.now(), milliseconds(60_000)),
    ...change,
  };
}

export type Watched = {
  readonly call: Call;
  readonly steps: readonly CallProgress[];
  readonly ended: Promise<CallEnding>;
  /** Resolves with the step of that type, past or to come. */
  saw<Type extends CallProgress["type"]>(type: Type): Promise<Extract<CallProgress, { type: Type }>>;
};

/** Remembers what is said of a call. */
export function watch(begin: (onProgress: (progress: CallProgress) => void) => Call): Watched {
  const steps: CallProgress[] = [];
  const waiting: (() => void)[] = [];
  const call = begin((progress) => {
    steps.push(progress);
    for (const wake of waiting.splice(0)) wake();
  });
  async function saw<Type extends CallProgress["type"]>(
    type: Type,
  ): Promise<Extract<CallProgress, { type: Type }>> {
    for (;;) {
      const found = steps.find((step): step is Extract<CallProgress, { type: Type }> => step.type === type);
      if (found !== undefined) return found;
      if (steps.at(-1)?.type === "ended") throw new Error(`the call ended without "${type}"`);
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      await promise;
    }
  }
  return { call, steps, saw, ended: saw("ended").then(({ ending }) => ending) };
}
