/** The installation of a scenario: real services over simulated outside things. */
import { createMemoryKeyring } from "../../adapters/keyring/memory-keyring.ts";
import { createNumberingPlan } from "../../adapters/numbering/numbering-plan.ts";
import { createZoneClock } from "../../adapters/system/zone-clock.ts";
import type { DirectoryMessage } from "../../domain/directory/messages.ts";
import { unownedEnvelope } from "../../domain/kernel/envelope.ts";
import { type RequestId, slotOfName } from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import type { Chance } from "../../domain/ports/chance.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import type { NumberingPlan } from "../../domain/ports/numbering-plan.ts";
import { createCallTruth } from "./call-truth.ts";
import { createCoordinator } from "./coordinator.ts";
import { createDice, type Dice } from "./dice.ts";
import { startDispatcher } from "./dispatcher-process.ts";
import { forgetCalls } from "./forgotten-calls.ts";
import { type GatewayProc, startGateway } from "./gateway-process.ts";
import type { House, Proc } from "./house.ts";
import { START } from "./incarnation.ts";
import type { LogFaults, LogWorld } from "./log-world.ts";
import type { Plant } from "./plant.ts";
import { rulesOf, SENDER, senderAccount } from "./rules.ts";
import { QUIET_AT_MS, type Scenario } from "./scenario.ts";
import { type ServerProc, startServer } from "./server-process.ts";
import { createSimStore } from "./sim-store.ts";
import type { NetworkWorld } from "./sim-telephony.ts";
import { createTimeline } from "./timeline.ts";

export const QUIET: LogFaults = { appendFails: 0, ackLost: 0, repeated: 0, torn: 0, deliveryMsMax: 50 };

/** Instead of a Request that was acknowledged and is in no log any more. */
export const GIVEN_UP = "given up" as RequestId;

export type World = House & {
  readonly servers: readonly ServerProc[];
  readonly dispatchers: readonly Proc[];
  readonly gateway: GatewayProc;
  /** Acknowledged Requests by the key that the Sender gave. */
  readonly acknowledged: Map<string, RequestId>;
  announce(message: DirectoryMessage, key: string): void;
  /** Null: the whole log. */
  startOutage(lengthMs: number, topic: "load" | null): void;
  cutPower(): void;
  /** Puts the log back to a copy that was made before, and forgets with it what nobody can know any more. */
  restore(backup: () => void): void;
};

// Shared by all runs: pure, and slow to make.
const zones = createZoneClock();
const numbering = rememberNumbers(createNumberingPlan());

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

/** Real cryptography, once for each text: a run asks for the same few again and again. */
function rememberTexts(keyring: Keyring): Keyring {
  const pseudonyms = new Map<string, ReturnType<Keyring["pseudonym"]>>();
  const opened = new Map<string, string | null>();
  const openNow: Keyring["openNow"] = (sealed) => {
    const known = opened.get(sealed);
    if (known !== undefined) return known;
    const text = keyring.openNow(sealed);
    opened.set(sealed, text);
    return text;
  };
  return {
    ...keyring,
    openNow,
    open: async (sealed) => openNow(sealed),
    pseudonym(number) {
      const known = pseudonyms.get(number) ?? keyring.pseudonym(number);
      pseudonyms.set(number, known);
      return known;
    },
  };
}

const times = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

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
  const store = createSimStore(timeline, scenario);
  let downUntil = 0;
  let loadDownUntil = 0;
  const logWorld: LogWorld = {
    timeline,
    dice,
    store,
    faults: () => (timeline.now() < QUIET_AT_MS ? scenario.log : QUIET),
    isDown: (topic) => timeline.now() < (topic === "load" ? Math.max(downUntil, loadDownUntil) : downUntil),
    tornGrants: new Set(),
    unfenced: plant.unfenced ?? false,
    repairs: plant.repairs ?? false,
  };
  const chance = chanceOf(dice);
  const house: House = {
    scenario,
    plant,
    timeline,
    dice,
    store,
    coordinator: createCoordinator(timeline, dice, store),
    truth: createCallTruth(),
    logWorld,
    keyring: rememberTexts(createMemoryKeyring({ bytes: createDice(scenario.seed ^ 0xbeef).bytes })),
    numbering,
    zones,
    chance,
    broken: [],
  };
  const network: NetworkWorld = {
    ...house,
    onInvite: (call, order) => watched.onInvite(call, order),
    onIncoming: (call) => watched.onIncoming(call),
  };

  function announce(message: DirectoryMessage, key: string): void {
    const envelope = unownedEnvelope({
      id: chance.ulid(),
      source: "console",
      subject: null,
      time: instant(START + timeline.now()),
      causationId: null,
    });
    store.write({ directory: [{ key, slot: slotOfName(key), envelope, message }] });
  }

  announce(rulesOf(scenario), "receiver");
  announce(senderAccount("active"), SENDER);
  const gateway = startGateway(house);
  const servers = times(scenario.servers).map((index) => startServer(house, network, index));
  const dispatchers = times(scenario.dispatchers).map((index) => startDispatcher(house, index));

  function crashAll(): void {
    for (const proc of [...servers, ...dispatchers, gateway]) proc.crash();
  }

  const world: World = {
    ...house,
    servers,
    dispatchers,
    gateway,
    acknowledged: new Map(),
    announce,
    startOutage(lengthMs, topic) {
      const until = timeline.now() + lengthMs;
      if (topic === null) downUntil = Math.max(downUntil, until);
      else loadDownUntil = Math.max(loadDownUntil, until);
      house.truth.outages.push({ topic, from: timeline.now(), until });
    },
    cutPower() {
      crashAll();
      for (const { disk } of servers) disk.cutPower();
      store.cutPower(dice.draw());
    },
    restore(backup) {
      crashAll();
      backup();
      forgetCalls(house.truth, store);
      const kept = new Set(store.all("requests").map(({ envelope }) => envelope.subject));
      for (const [key, request] of world.acknowledged)
        if (!kept.has(request)) world.acknowledged.set(key, GIVEN_UP);
    },
  };
  const watched = watch(world);
  return world;
}
