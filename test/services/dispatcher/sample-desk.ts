/** A desk of partition 0 under a test's hands: records in, outputs out, and a log that keeps what it committed. */
import type { DirectoryMessage } from "../../../domain/directory/messages.ts";
import type { Envelope } from "../../../domain/kernel/envelope.ts";
import type { RequestId, ServerId } from "../../../domain/kernel/identifiers.ts";
import { type Instant, instant, milliseconds } from "../../../domain/kernel/time.ts";
import { defaultReceiverRules } from "../../../domain/policy/default-rules.ts";
import type { Delivered, Entry, Messages } from "../../../domain/ports/event-log.ts";
import type { NumberFacts } from "../../../domain/ports/numbering-plan.ts";
import type { InputMessage } from "../../../domain/request/commands.ts";
import type { LoadReported } from "../../../domain/server/load.ts";
import { createDirectory } from "../../../projections/directory.ts";
import { createTelephonyLoad, foldLoad, hear } from "../../../projections/telephony-load.ts";
import { createDesk, type Desk, type DeskPorts } from "../../../services/dispatcher/desk.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { CUSTOMER, HOTEL, NINE, SERVER } from "../../support/sample-request.ts";

const OFFER_TTL_MS = 5_000;
export const SERVER_SILENT_MS = 10_000;

const ORDINARY: NumberFacts = {
  country: "US",
  valid: true,
  type: "mobile",
  zones: ["America/New_York"],
  prefix: "1212",
  emergency: null,
  tableVersion: "test",
};

type Kept<Topic extends "events" | "state"> = Entry<Topic> & { readonly offset: number };

/** What of the committed records a new owner finds. */
export type Found = { readonly state: boolean; readonly events: boolean };

export type SampleDesk = {
  readonly desk: Desk;
  readonly load: ReturnType<typeof createTelephonyLoad>;
  readonly directory: ReturnType<typeof createDirectory>;
  readonly operatorLog: ReturnType<typeof createFakeOperatorLog>;
  /** Both clocks; they go together. */
  now(): Instant;
  /** Lets time pass in steps of a second at most, looking at each. */
  pass(ms: number): void;
  /** A record of `requests`; the same id makes it the same record told again. */
  input(message: InputMessage | null, id?: string): void;
  raw(record: Delivered<"requests">): void;
  /** Commits what the desk has to say. Answers the types of the events written. */
  commit(): string[];
  /** A transaction of which only a part arrives. */
  commitTorn(found: Found): void;
  report(change?: Partial<LoadReported>): void;
  rules(change: Partial<ReturnType<typeof defaultReceiverRules>>): void;
  events(): readonly (Messages["events"] | null)[];
  offers(): readonly (Messages["offers"] | null)[];
  nextOffset(): number;
  /** Another owner of the same partition, restored from what was committed. */
  successor(found?: Found): SampleDesk;
};

export type Shelf = {
  readonly state: Kept<"state">[];
  readonly events: Kept<"events">[];
  readonly offers: Entry<"offers">[];
  inputs: number;
  now: Instant;
  epoch: number;
};

export function newShelf(now: Instant = NINE): Shelf {
  return { state: [], events: [], offers: [], inputs: 0, now, epoch: 0 };
}

const RULES = { ...defaultReceiverRules(NINE), hours: [] };

const EVERYTHING: Found = { state: true, events: true };

/** `ports`: instead of its fakes. */
export function sampleDesk(
  shelf: Shelf = newShelf(),
  found: Found = EVERYTHING,
  ports: Partial<Pick<DeskPorts, "keyring" | "numbering" | "zones">> = {},
): SampleDesk {
  shelf.epoch += 1;
  const load = createTelephonyLoad();
  const directory = createDirectory();
  directory.senders.set(HOTEL, account);
  directory.rules = RULES;
  const operatorLog = createFakeOperatorLog();
  let made = 0;
  const options = {
    partition: 0,
    partitions: 1,
    epoch: shelf.epoch,
    source: "dispatcher",
    offerTtlMs: milliseconds(OFFER_TTL_MS),
    serverSilentMs: SERVER_SILENT_MS,
    rememberOverMs: 60_000,
  };
  const desk = createDesk(options, {
    load,
    directory,
    operatorLog,
    keyring: { openNow: () => "+12125550123" },
    numbering: { describe: () => ORDINARY },
    zones: {
      localTime: () => ({ year: 2026, month: 11, day: 20, weekday: 5, minute: 720 }),
      isZone: () => true,
      version: "test",
    },
    trunkCountry: "US",
    dialled: (number: string) => number,
    draw: () => 0,
    ulid: () => `e${shelf.epoch}-${(made += 1)}`,
    steadyNow: () => shelf.now,
    ...ports,
  });
  restore(desk, shelf, found);
  desk.open(shelf.now);

  function keep(only: Found): string[] {
    const outputs = desk.takeOutputs();
    if (outputs === null) return [];
    if (only.events) for (const entry of outputs.events) shelf.events.push(kept(entry, shelf.events));
    if (only.state) for (const entry of outputs.state) shelf.state.push(kept(entry, shelf.state));
    shelf.offers.push(...outputs.offers);
    if (only.events && only.state) desk.committed(shelf.events.at(-1)?.offset ?? null);
    return outputs.events.map(({ message }) => String(message?.type));
  }

  const sample: SampleDesk = {
    desk,
    load,
    directory,
    operatorLog,
    now: () => shelf.now,
    pass(ms) {
      const until = shelf.now + ms;
      while (shelf.now < until) {
        shelf.now = instant(Math.min(until, shelf.now + 1_000));
        desk.pump(shelf.now);
      }
    },
    input(message, id = `i${shelf.inputs}`) {
      sample.raw(delivered("requests", CUSTOMER, message, shelf.inputs, { id }));
    },
    raw(record) {
      shelf.inputs = record.offset + 1;
      desk.take(record, shelf.now);
      desk.pump(shelf.now);
    },
    commit: () => keep(EVERYTHING),
    commitTorn: (only) => void keep(only),
    report(change = {}) {
      foldLoad(load, { ...idle(SERVER, shelf.now), ...change }, shelf.now);
      hear(load, shelf.now);
      desk.pump(shelf.now);
    },
    rules(change) {
      directory.rules = { ...RULES, ...change };
    },
    events: () => shelf.events.map(({ message }) => message),
    offers: () => shelf.offers.map(({ message }) => message),
    nextOffset: () => shelf.inputs,
    successor: (finds) => sampleDesk(shelf, finds),
  };
  return sample;
}

function kept<Topic extends "events" | "state">(entry: Entry<Topic>, before: Kept<Topic>[]): Kept<Topic> {
  return { ...entry, offset: (before.at(-1)?.offset ?? -1) + 1 };
}

function restore(desk: Desk, shelf: Shelf, found: Found): void {
  const newest = new Map(found.state ? shelf.state.map((entry) => [entry.key, entry]) : []);
  for (const { key, message, offset, envelope } of newest.values()) {
    desk.restoreState(delivered("state", key, message, offset, envelope));
  }
  const known = desk.eventsKnownUpTo() ?? -1;
  for (const { key, message, offset, envelope } of found.events ? shelf.events : []) {
    if (offset > known) desk.restoreEvent(delivered("events", key, message, offset, envelope));
  }
}

export function delivered<Topic extends "requests" | "events" | "state">(
  topic: Topic,
  key: string,
  message: Messages[Topic] | null,
  offset: number,
  envelope: Partial<Envelope>,
): Delivered<Topic> & { readonly ok: true } {
  const blank: Envelope = {
    id: `${topic}-${offset}`,
    source: "test",
    subject: null,
    time: NINE,
    sequence: null,
    correlationId: "c",
    causationId: null,
    causeOffset: null,
    ownerEpoch: null,
  };
  return {
    topic,
    partition: 0,
    offset,
    key,
    appendedAt: NINE,
    ok: true,
    envelope: { ...blank, ...envelope },
    message,
  };
}

export function idle(server: ServerId, at: Instant): LoadReported {
  return {
    type: "LoadReported",
    server,
    at,
    startedAt: NINE,
    ports: 4,
    inUseOutbound: 0,
    inUseInbound: 0,
    held: 0,
    inboundReserve: 0,
    lastInboundAt: null,
    lastFullToFreeAt: null,
    mediaLatenessMs: 0,
    glare: 0,
    draining: false,
  };
}

/** Ports of an owner that has no number to open: asked for one, it fails. Each makes ids of its own. */
export function numberlessPorts() {
  let made = 0;
  return {
    keyring: { openNow: () => null, arrived: () => Promise.resolve() },
    numbering: {
      describe: () => {
        throw new Error("no number is opened in this test");
      },
    },
    zones: { minuteOfDay: () => 0 } as never,
    trunkCountry: "US",
    dialled: (number: string) => number,
    draw: () => 0,
    ulid: () => `id-${(made += 1)}`,
    operatorLog: createFakeOperatorLog(),
  };
}

/** The Request that the newest offer is for, and the offer. */
export function newestOffer(sample: SampleDesk): Extract<Messages["offers"], { type: "Offer" }> {
  const offer = sample.offers().findLast((message) => message?.type === "Offer");
  if (offer?.type !== "Offer") throw new Error("nothing was offered");
  return offer;
}

export function answerTo(
  offer: { readonly requestId: RequestId; readonly offer: string; readonly server: ServerId },
  says: "OfferAccepted" | "OfferRejected",
  at: Instant,
  runStartedAt: Instant = NINE,
): InputMessage {
  const common = { requestId: offer.requestId, offer: offer.offer as never, server: offer.server, at };
  if (says === "OfferAccepted") return { type: says, ...common, port: 4, epoch: 1, runStartedAt };
  return { type: says, ...common, reason: "busy", epoch: 1 };
}

const account: Extract<DirectoryMessage, { type: "SenderRegistered" }> = {
  type: "SenderRegistered",
  sender: HOTEL,
  at: NINE,
  standing: "active",
  credentials: [],
  sources: [],
  hours: [],
  serviceLevel: "basic",
  bulkiness: "solitary",
};
