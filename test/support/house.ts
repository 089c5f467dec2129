/**
 * The whole house in one process: intake, dispatcher and telephony servers over one log on a virtual clock, with
 * a fake telephone network at the end. What happened is read from the log alone.
 */
import { createMemoryJournal } from "../../adapters/call-journal/memory-journal.ts";
import { createMemoryLog } from "../../adapters/event-log/memory/memory-log.ts";
import { createMemoryStore, type MemoryStore } from "../../adapters/event-log/memory/memory-store.ts";
import { createMemoryKeyring } from "../../adapters/keyring/memory-keyring.ts";
import { createNumberingPlan } from "../../adapters/numbering/numbering-plan.ts";
import { createChance } from "../../adapters/system/chance.ts";
import { createDigests } from "../../adapters/system/digests.ts";
import { createZoneClock } from "../../adapters/system/zone-clock.ts";
import type { RequestId, ServerId } from "../../domain/kernel/identifiers.ts";
import { parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import type { CallJournal } from "../../domain/ports/call-journal.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import type { SubmitAnswer } from "../../domain/ports/intake.ts";
import type { CallOrder } from "../../domain/ports/telephony.ts";
import type { RequestDraft } from "../../domain/request/draft.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { ADMISSION_LIMITS } from "../../domain/server/admission.ts";
import { createAdministration } from "../../services/administration.ts";
import { createDispatcher, type Dispatcher } from "../../services/dispatcher/dispatcher.ts";
import { createIntake } from "../../services/intake.ts";
import { createRequestBoard } from "../../services/request-board.ts";
import { createTelephonyServer, type TelephonyServer } from "../../services/telephony/telephony-server.ts";
import { createFakeOperatorLog } from "./fake-operator-log.ts";
import { createFakeDialogs, createFakeTelephony, type FakeTelephony, type FarEnd } from "./fake-telephony.ts";
import { HOTEL, NINE } from "./sample-request.ts";
import { createVirtualClock } from "./virtual-clock.ts";

const NUMBER = "+12125550123";

export type ServerOptions = {
  readonly ports?: number;
  readonly inboundReserve?: number;
  readonly farEnd?: (order: CallOrder) => FarEnd;
};

function draft(change: Partial<RequestDraft>): RequestDraft {
  const to = parsePhoneNumber(NUMBER);
  if (to === null) throw new Error("the sample number is not valid");
  return {
    to,
    from: null,
    document: { kind: "url", url: "https://hotel.example/wake-up.vxml" },
    ringTimeoutMs: milliseconds(30_000),
    maxSessionMs: milliseconds(600_000),
    notBefore: null,
    notAfter: null,
    window: null,
    serviceLevel: null,
    bulkiness: null,
    rank: 5,
    purpose: "informational",
    onLost: "stop",
    maxAttempts: 1,
    resources: [],
    userData: "room 12",
    notify: [],
    ...change,
  };
}

export async function createHouse() {
  // 17:00 UTC is an open hour everywhere in the United States.
  const clock = createVirtualClock(milliseconds(NINE + 8 * 3_600_000) as unknown as typeof NINE);
  const store: MemoryStore = createMemoryStore(clock);
  const operatorLog = createFakeOperatorLog();
  const keyring = createMemoryKeyring();
  const chance = createChance(() => clock.now());
  const digests = createDigests();
  const numbering = createNumberingPlan();
  const zones = createZoneClock();
  const stops: (() => Promise<void>)[] = [];
  let logs = 0;

  function openLog(name: string): EventLog {
    logs += 1;
    const log = createMemoryLog({ clock, owner: `${name}/${logs}`, store, operatorLog });
    stops.push(() => log.close());
    return log;
  }

  const log = openLog("test");
  const administration = createAdministration({ log, keyring, digests, clock, chance });
  await administration.apply({
    senders: [{ sender: "hotel", apiKey: "rvl_hotel_0123456789abcdef" }],
  });
  const board = createRequestBoard({ log, clock });
  await board.start();
  const intake = createIntake(
    {
      deadlineMs: milliseconds(86_400_000),
      decisionWaitMs: milliseconds(2_000),
      trunkCountry: "US",
      source: "gateway",
    },
    { log, keyring, digests, numbering, clock, chance, operatorLog, senderOf: () => null, board, dialled },
  );

  async function startDispatcher(): Promise<Dispatcher> {
    const dispatcher = createDispatcher(
      {
        source: "dispatcher",
        offerTtlMs: milliseconds(5_000),
        serverSilentMs: 10_000,
        rememberOverMs: 3_600_000,
        coldStartMs: 0,
      },
      {
        log: openLog("dispatcher"),
        keyring,
        numbering,
        zones,
        trunkCountry: "US",
        dialled,
        clock,
        operatorLog,
        draw: () => chance.draw(),
        ulid: () => chance.ulid(),
      },
    );
    await dispatcher.start();
    await clock.settle(() => dispatcher.owned().length > 0, "the dispatcher owns partitions");
    return dispatcher;
  }

  async function startServer(
    name: string,
    options: ServerOptions = {},
    journal: CallJournal = createMemoryJournal(),
  ): Promise<{ server: TelephonyServer; telephony: FakeTelephony; journal: CallJournal }> {
    const farEnd = options.farEnd ?? ((): FarEnd => ({ does: "answer", afterMs: 2_000, talkMs: 60_000 }));
    const telephony = createFakeTelephony(clock, farEnd);
    const server = createTelephonyServer(
      {
        server: name as ServerId,
        ports: options.ports ?? 4,
        inboundReserve: options.inboundReserve ?? 0,
        holdMs: milliseconds(5_000),
        reportEveryMs: milliseconds(1_000),
        admission: ADMISSION_LIMITS,
        localUri: "sip:reveille@test.invalid",
        callerDocument: { kind: "inline", text: "<vxml/>" },
        inboundSessionMsMax: milliseconds(60_000),
      },
      {
        log: openLog(name),
        telephony,
        dialogs: createFakeDialogs(clock, 10_000),
        journal,
        keyring,
        clock,
        chance,
        operatorLog,
      },
    );
    await server.start();
    return { server, telephony, journal };
  }

  let submissions = 0;
  async function submit(
    change: Partial<RequestDraft> = {},
    key: string | null = null,
  ): Promise<SubmitAnswer> {
    submissions += 1;
    return intake.submit({
      who: {
        sender: HOTEL,
        authentication: { mechanism: "password", keyId: "hotel" },
        createdAt: null,
        messageId: null,
      },
      channel: "http",
      draft: draft(change),
      attached: [],
      idempotencyKey: key ?? `key-${submissions}`,
      bodySha256: "00",
    });
  }

  /** Submits and answers the id. */
  async function post(change: Partial<RequestDraft> = {}, key: string | null = null): Promise<RequestId> {
    const answer = await submit(change, key);
    if (!answer.ok) throw new Error(`the Request was refused: ${answer.reason}`);
    return answer.requestId;
  }

  /** Everything in `events` so far, in order within each partition. */
  async function events(): Promise<RequestEvent[]> {
    const found: RequestEvent[] = [];
    for (let partition = 0; partition < log.partitionCount("events"); partition += 1) {
      for await (const records of log.read("events", partition)) {
        for (const record of records) if (record.ok && record.message !== null) found.push(record.message);
      }
    }
    return found;
  }

  /** Names of the events of one Request, in order. */
  async function history(request: RequestId): Promise<string[]> {
    return (await board.historyOf(request)).map(({ event }) => event.type);
  }

  /** Lets time pass in small steps until the Request has this event. Fails after `patienceMs`. */
  async function until(request: RequestId, type: RequestEvent["type"], patienceMs = 120_000): Promise<void> {
    for (let waited = 0; waited < patienceMs; waited += 50) {
      if ((await history(request)).includes(type)) return;
      await clock.advance(50);
    }
    throw new Error(`no ${type} within ${patienceMs} ms; history: ${(await history(request)).join(", ")}`);
  }

  return {
    clock,
    administration,
    keyring,
    operatorLog,
    log,
    board,
    intake,
    startDispatcher,
    startServer,
    submit,
    post,
    events,
    history,
    until,
    close: async () => {
      await board.stop();
      for (const stop of stops.toReversed()) await stop();
    },
  };
}

/** Nothing is rewritten on the fake trunk. */
const dialled = (number: string): string => number;

export type House = Awaited<ReturnType<typeof createHouse>>;
