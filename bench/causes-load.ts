/**
 * What the dispatcher of bench/causes.ts is given: rounds of Requests, each of a Customer of its own and allowed by
 * every check, and what telephony servers report of their calls.
 */
import { createMemoryKeyring } from "../adapters/keyring/memory-keyring.ts";
import { createChance } from "../adapters/system/chance.ts";
import { createSystemClock } from "../adapters/system/clock.ts";
import { unownedEnvelope } from "../domain/kernel/envelope.ts";
import {
  offerId,
  requestId,
  type ServerId,
  slotOfCustomer,
  slotOfName,
} from "../domain/kernel/identifiers.ts";
import { parsePhoneNumber } from "../domain/kernel/phone-number.ts";
import { instant } from "../domain/kernel/time.ts";
import { defaultReceiverRules } from "../domain/policy/default-rules.ts";
import type { Entry, TopicName } from "../domain/ports/event-log.ts";
import type { InputMessage, SubmitRequest } from "../domain/request/commands.ts";
import type { LoadReported } from "../domain/server/load.ts";
import { completed, HOTEL, submission } from "../test/support/sample-request.ts";

const REQUESTS = 2_000;
/** One, so that whoever answers is whom the offer went to. */
const SERVER = "telephony-1" as ServerId;
/** +1 212 555 1000 and on: ten exchanges of nine thousand numbers. */
const NUMBERS_PER_EXCHANGE = 9_000;
const FIRST_EXCHANGE = 555;
const REQUEST_LASTS_MS = 86_400_000;

export const clock = createSystemClock();
export const chance = createChance(() => clock.now());
export const keyring = createMemoryKeyring();

const account = {
  type: "SenderRegistered",
  sender: HOTEL,
  at: instant(0),
  standing: "active",
  credentials: [],
  sources: [],
  hours: [],
  serviceLevel: "basic",
  bulkiness: "solitary",
} as const;

const rules = { ...defaultReceiverRules(clock.now()), hours: [] };

export type Round = { readonly asked: readonly SubmitRequest[]; readonly facts: readonly InputMessage[] };

let made = 0;

/** Of other Customers than every round before. */
export async function makeRound(): Promise<Round> {
  const first = made;
  made += REQUESTS;
  const asked = await Promise.all(
    Array.from({ length: REQUESTS }, (_, index) => submissionOf(first + index)),
  );
  return { asked, facts: asked.flatMap(factsOf) };
}

async function submissionOf(index: number): Promise<SubmitRequest> {
  const exchange = FIRST_EXCHANGE + Math.floor(index / NUMBERS_PER_EXCHANGE);
  const number = parsePhoneNumber(`+1212${exchange}${1_000 + (index % NUMBERS_PER_EXCHANGE)}`);
  if (number === null) throw new Error("the sample number is not valid");
  const customer = keyring.pseudonym(number);
  const now = clock.now();
  const change = {
    customer,
    to: await keyring.seal(customer, now, number),
    notAfter: instant(now + REQUEST_LASTS_MS),
  };
  const id = requestId(chance.bytes(16), slotOfCustomer(customer));
  return { ...submission(change), requestId: id, receivedAt: now, messageDigest: `digest-${index}` };
}

/** The server's yes and the steps of a call that was answered. */
function factsOf({ requestId: request, terms }: SubmitRequest): readonly InputMessage[] {
  const offer = offerId(request, 1);
  const at = clock.now();
  const common = { requestId: request, offer, server: SERVER };
  const steps = [
    { type: "CallPlaced", at, sipCallId: "a", trunk: "t" },
    { type: "CallRinging", at, sipCode: 180, earlyMedia: false },
    { type: "CallAnswered", at, answeredBy: "unknown" },
    { type: "InputCollected", at, field: "choice", mode: "dtmf", value: terms.to },
    completed({ outcome: "completed", answeredAt: at }),
  ] as const;
  return [
    { type: "OfferAccepted", ...common, port: 1, epoch: 1, at, runStartedAt: at },
    ...steps.map(
      (step, index): InputMessage => ({ type: "CallReported", ...common, factSeq: index + 1, step }),
    ),
  ];
}

function entryAbout<Topic extends TopicName>(
  key: string,
  slot: Entry<Topic>["slot"],
  message: Entry<Topic>["message"],
): Entry<Topic> {
  const about = { id: chance.ulid(), source: "bench", subject: null, time: clock.now(), causationId: null };
  return { key, slot, message, envelope: unownedEnvelope(about) };
}

export function entryOf(message: SubmitRequest | InputMessage): Entry<"requests"> {
  const request = "requestId" in message ? message.requestId : "";
  const slot = Number.parseInt(request.slice(-3), 16) as Entry<"requests">["slot"];
  const entry = entryAbout<"requests">("terms" in message ? message.terms.customer : request, slot, message);
  return {
    ...entry,
    envelope: { ...entry.envelope, subject: "requestId" in message ? message.requestId : null },
  };
}

/** The Sender's account, and rules that let everything pass. */
export function directoryEntries(): readonly Entry<"directory">[] {
  return [
    entryAbout<"directory">("receiver", slotOfName("receiver"), rules),
    entryAbout<"directory">(`sender:${HOTEL}`, slotOfName(HOTEL), account),
  ];
}

/** Of a server that has room for everybody. */
export function loadEntries(): readonly Entry<"load">[] {
  return [entryAbout<"load">(SERVER, slotOfName(SERVER), reportOf(SERVER))];
}

function reportOf(server: ServerId): LoadReported {
  const idle = { inUseOutbound: 0, inUseInbound: 0, held: 0, inboundReserve: 0, glare: 0, draining: false };
  const times = { at: clock.now(), startedAt: instant(0), lastInboundAt: null, lastFullToFreeAt: null };
  return { type: "LoadReported", server, ports: REQUESTS, mediaLatenessMs: 0, ...idle, ...times };
}
