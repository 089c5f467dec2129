/** The installation of a scenario: real services over simulated outside things, and what happens to them. */
import { createMemoryDisk } from "../../adapters/call-journal/memory-journal.ts";
import { createMemoryKeyring } from "../../adapters/keyring/memory-keyring.ts";
import { createNumberingPlan } from "../../adapters/numbering/numbering-plan.ts";
import { createDigests } from "../../adapters/system/digests.ts";
import { createZoneClock } from "../../adapters/system/zone-clock.ts";
import type { DirectoryMessage } from "../../domain/directory/messages.ts";
import { type RequestId, type SenderId, type ServerId, slotOfName } from "../../domain/kernel/identifiers.ts";
import { type PhoneNumber, parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import { instant, milliseconds } from "../../domain/kernel/time.ts";
import { defaultReceiverRules } from "../../domain/policy/default-rules.ts";
import type { Chance } from "../../domain/ports/chance.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import type { Intake } from "../../domain/ports/intake.ts";
import type { NumberingPlan } from "../../domain/ports/numbering-plan.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import { ADMISSION_LIMITS } from "../../domain/server/admission.ts";
import { createDispatcher } from "../../services/dispatcher/dispatcher.ts";
import { createIntake } from "../../services/intake.ts";
import { createRequestBoard, type RequestBoard } from "../../services/request-board.ts";
import { createTelephonyServer } from "../../services/telephony/telephony-server.ts";
import { type CallTruth, createCallTruth } from "./call-truth.ts";
import { type Coordinator, createCoordinator } from "./coordinator.ts";
import { createDice, type Dice } from "./dice.ts";
import { bear, type Incarnation, START } from "./incarnation.ts";
import type { LogFaults, LogWorld } from "./log-world.ts";
import type { Plant, PlantSite, Role } from "./plant.ts";
import { clockOf } from "./process-clock.ts";
import { QUIET_AT_MS, type Scenario } from "./scenario.ts";
import { openSimJournal } from "./sim-journal.ts";
import { openSimLog } from "./sim-log.ts";
import { createSimStore, type SimStore } from "./sim-store.ts";
import {
  createSimDialogs,
  createSimTelephony,
  type NetworkWorld,
  type SimTelephony,
} from "./sim-telephony.ts";
import { createTimeline, type Timeline } from "./timeline.ts";

export const SENDER = "hotel" as SenderId;
const BOOT_MS_MAX = 2_200;
const QUIET: LogFaults = { appendFails: 0, ackLost: 0, repeated: 0, torn: 0, deliveryMsMax: 50 };

/** A process that the supervisor starts again whenever it ends. */
export type Proc = { readonly name: string; readonly role: Role; life: Incarnation; crash(): void };
type ServerProc = Proc & { telephony: SimTelephony | null };
type GatewayProc = Proc & { intake: Intake | null; board: RequestBoard | null };

export type World = {
  readonly scenario: Scenario;
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly store: SimStore;
  readonly coordinator: Coordinator;
  readonly truth: CallTruth;
  readonly servers: readonly ServerProc[];
  readonly dispatchers: readonly Proc[];
  readonly gateway: GatewayProc;
  /** Acknowledged Requests by the key that the Sender gave. */
  readonly acknowledged: Map<string, RequestId>;
  /** Faults of services that nothing else shows. */
  readonly broken: string[];
  announce(message: DirectoryMessage, key: string): void;
  startOutage(lengthMs: number): void;
  cutPower(): void;
};

const SILENT: OperatorLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

// Shared by all runs: pure, and slow to make.
const digests = createDigests();
const zones = createZoneClock();
const numbering = rememberNumbers(createNumberingPlan());
const dialled = (number: string): string => number;

function rememberNumbers(plan: NumberingPlan): NumberingPlan {
  const known = new Map<string, ReturnType<NumberingPlan["describe"]>>();
  return {
    ...plan,
    describe(number, dialling) {
      const facts = known.get(number) ?? plan.describe(number, dialling);
      known.set(number, facts);
      return facts;
    },
  };
}

export function numberOf(customer: number): PhoneNumber {
  const number = parsePhoneNumber(`+1212555${String(1_000 + customer)}`);
  if (number === null) throw new Error("a simulated Customer has no valid number");
  return number;
}

const ULID_DIGITS = 26;

function chanceOf(dice: Dice): Chance {
  let made = 0;
  return {
    draw: dice.draw,
    bytes: dice.bytes,
    ulid() {
      made += 1;
      return String(made).padStart(ULID_DIGITS, "0");
    },
  };
}

export type Watch = Pick<NetworkWorld, "onInvite" | "onIncoming">;

export function createWorld(scenario: Scenario, plant: Plant, watch: (world: World) => Watch): World {
  const dice = createDice(scenario.seed);
  const timeline = createTimeline(dice);
  const store = createSimStore(timeline, scenario.syncMs);
  const coordinator = createCoordinator(timeline, dice, store);
  const truth = createCallTruth();
  const keyring = createMemoryKeyring({ bytes: createDice(scenario.seed ^ 0xbeef).bytes });
  const chance = chanceOf(dice);
  const broken: string[] = [];
  let downUntil = 0;

  const logWorld: LogWorld = {
    timeline,
    dice,
    store,
    faults: () => (timeline.now() < QUIET_AT_MS ? scenario.log : QUIET),
    isDown: () => timeline.now() < downUntil,
    unfenced: plant.unfenced ?? false,
    repairs: plant.repairs ?? false,
  };

  function siteOf(proc: Proc, disk: PlantSite["disk"]): PlantSite {
    return { role: proc.role, name: proc.name, life: proc.life, store, timeline, disk };
  }

  function openLog(site: PlantSite): EventLog {
    const log = openSimLog(logWorld, site.life, coordinator);
    return plant.log?.(log, site) ?? log;
  }

  /** Ends this life of a process and begins another; its calls end with it. */
  function crash(proc: Proc, boot: () => void): void {
    const { life } = proc;
    if (!life.alive) return;
    life.alive = false;
    for (const call of truth.calls) if (call.life === life) call.endedAt ??= timeline.now();
    const away = { server: proc.name, from: timeline.now(), until: Number.MAX_SAFE_INTEGER };
    truth.silences.push(away);
    timeline.at(dice.between(200, BOOT_MS_MAX), null, () => {
      away.until = timeline.now();
      proc.life = bear(proc.name, life.wallOffsetMs);
      boot();
    });
    if (proc.role === "dispatcher") timeline.at(dice.between(200, BOOT_MS_MAX), null, coordinator.rebalance);
  }

  /** The service says that it can't go on: the supervisor's case. */
  function superviseEnd(proc: Proc, ended: Promise<void>): void {
    const { life } = proc;
    ended.catch((error: unknown) => {
      broken.push(`${proc.name} ended by itself: ${String(error)}`);
      if (life.alive) proc.crash();
    });
  }

  function createServer(index: number): ServerProc {
    const name = `telephony-${index + 1}`;
    const disk = createMemoryDisk();
    const boot = (): void => {
      const site = siteOf(proc, disk);
      const { life } = proc;
      const raw = clockOf(timeline, life);
      const telephony = createSimTelephony(network, life, name);
      proc.telephony = telephony;
      const server = createTelephonyServer(
        {
          server: name as ServerId,
          ports: scenario.ports,
          inboundReserve: Math.min(scenario.inboundReserve, scenario.ports - 1),
          holdMs: milliseconds(plant.holdMs ?? 8_000),
          reportEveryMs: milliseconds(2_000),
          admission: ADMISSION_LIMITS,
          localUri: "sip:reveille@test.invalid",
          callerDocument: { kind: "inline", text: "<vxml/>" },
          inboundSessionMsMax: milliseconds(60_000),
        },
        {
          log: watchGrants(openLog(site), proc),
          telephony: plant.telephony?.(telephony, site) ?? telephony,
          dialogs: createSimDialogs(timeline, dice, life),
          journal:
            plant.journal?.(openSimJournal(logWorld, life, disk), site) ??
            openSimJournal(logWorld, life, disk),
          keyring,
          clock: plant.clock?.(raw, site) ?? raw,
          chance,
          operatorLog: SILENT,
        },
      );
      superviseEnd(proc, Promise.race([server.ended, server.start().then(() => server.ended)]));
    };
    const proc: ServerProc = {
      name,
      role: "telephony",
      life: bear(name, 0),
      telephony: null,
      crash: () => crash(proc, boot),
    };
    boot();
    return proc;
  }

  /** Notes which grants reached a server, and whether it had seen a newer epoch before. */
  function watchGrants(log: EventLog, proc: Proc): EventLog {
    const newest = new Map<number, number>();
    return {
      ...log,
      follow: (topic, from, onRecords) =>
        log.follow(topic, from, (records) => {
          for (const { ...record } of records) {
            if (record.topic !== "offers" || !record.ok || record.message === null) continue;
            const message = record.message as { type: string; server: string; partition: number };
            const { epoch, offer } = record.message as never as { epoch: number; offer: never };
            if (message.server !== proc.name) continue;
            const seen = newest.get(message.partition) ?? 0;
            newest.set(message.partition, Math.max(seen, epoch));
            if (message.type === "Grant")
              truth.grants.push({ offer, server: proc.name, stale: epoch < seen });
          }
          return onRecords(records);
        }),
    };
  }

  function createDispatcherProc(index: number): Proc {
    const name = `dispatcher-${index + 1}`;
    const boot = (): void => {
      const site = siteOf(proc, null);
      const raw = clockOf(timeline, proc.life);
      const log = openLog(site);
      const dispatcher = createDispatcher(
        {
          source: "dispatcher",
          offerTtlMs: milliseconds(5_000),
          serverSilentMs: 10_000,
          rememberOverMs: plant.rememberOverMs ?? 3_600_000,
        },
        {
          log: {
            ...log,
            work: (group, makeTask) =>
              log.work(group, (ownership) => {
                const own = plant.ownership?.(ownership, site) ?? ownership;
                const task = makeTask(own);
                return plant.task?.(task, own, site) ?? task;
              }),
          },
          keyring,
          numbering,
          zones,
          trunkCountry: "US",
          dialled,
          clock: plant.clock?.(raw, site) ?? raw,
          operatorLog: SILENT,
          draw: dice.draw,
          ulid: chance.ulid,
        },
      );
      superviseEnd(proc, Promise.race([dispatcher.ended, dispatcher.start().then(() => dispatcher.ended)]));
    };
    const proc: Proc = { name, role: "dispatcher", life: bear(name, 0), crash: () => crash(proc, boot) };
    boot();
    return proc;
  }

  function createGateway(): GatewayProc {
    const boot = (): void => {
      const site = siteOf(proc, null);
      const log = openLog(site);
      const clock = clockOf(timeline, proc.life);
      const board = createRequestBoard({ log, clock });
      proc.board = board;
      proc.intake = createIntake(
        {
          deadlineMs: milliseconds(86_400_000),
          decisionWaitMs: milliseconds(2_000),
          trunkCountry: "US",
          source: "gateway",
        },
        {
          log,
          keyring,
          digests,
          numbering,
          clock,
          chance,
          operatorLog: SILENT,
          senderOf: () => null,
          board,
          dialled,
        },
      );
      superviseEnd(
        proc,
        board.start().then(() => board.ended),
      );
    };
    const proc: GatewayProc = {
      name: "gateway",
      role: "gateway",
      life: bear("gateway", 0),
      intake: null,
      board: null,
      crash() {
        proc.intake = null;
        crash(proc, boot);
      },
    };
    boot();
    return proc;
  }

  const servers: ServerProc[] = [];
  const dispatchers: Proc[] = [];
  const network: NetworkWorld = {
    timeline,
    dice,
    truth,
    onInvite: (call, order) => watched.onInvite(call, order),
    onIncoming: (call) => watched.onIncoming(call),
  };

  function announce(message: DirectoryMessage, key: string): void {
    const at = instant(START + timeline.now());
    const id = chance.ulid();
    const envelope = {
      id,
      source: "console",
      subject: null,
      time: at,
      sequence: null,
      correlationId: id,
      causationId: null,
      causeOffset: null,
      ownerEpoch: null,
    };
    store.write({ directory: [{ key, slot: slotOfName(key), envelope, message }] });
  }

  announce({ ...defaultReceiverRules(instant(START)), volumeMax: 30 }, "receiver");
  announce(senderAccount("active"), SENDER);
  const gateway = createGateway();
  for (let index = 0; index < scenario.servers; index += 1) servers.push(createServer(index));
  for (let index = 0; index < scenario.dispatchers; index += 1) dispatchers.push(createDispatcherProc(index));

  const world: World = {
    scenario,
    timeline,
    dice,
    store,
    coordinator,
    truth,
    servers,
    dispatchers,
    gateway,
    acknowledged: new Map(),
    broken,
    announce,
    startOutage(lengthMs) {
      downUntil = Math.max(downUntil, timeline.now() + lengthMs);
    },
    cutPower() {
      for (const proc of [...servers, ...dispatchers, gateway]) proc.crash();
      store.cutPower();
    },
  };
  const watched = watch(world);
  return world;
}

export function senderAccount(standing: "active" | "suspended"): DirectoryMessage {
  return {
    type: "SenderRegistered",
    sender: SENDER,
    at: instant(START),
    standing,
    credentials: [],
    sources: [],
    hours: [],
    serviceLevel: "basic",
    bulkiness: "solitary",
  };
}
