/**
 * A day of many dispatchers and many servers in a second: the product's own choice, load view and admission on a
 * virtual clock, and nothing else of it. Reports go out at a fixed interval only (the product also sends one 20 ms
 * after each change), so that every dispatcher decides on what is up to that old.
 */
import {
  type ChoiceScheme,
  type Chosen,
  chooseServer,
  NO_ROTATION,
  type Rotation,
} from "../domain/dispatch/choose-server.ts";
import { FULLY_EAGER, LOOK_AGAIN_MS, shareNow } from "../domain/dispatch/eagerness.ts";
import { type Room, roomsOf } from "../domain/dispatch/room.ts";
import { type OfferId, offerId, type RequestId, type ServerId } from "../domain/kernel/identifiers.ts";
import { type Instant, instant } from "../domain/kernel/time.ts";
import { offerPauseMs } from "../domain/schedule/offer-pause.ts";
import { createTimerHeap } from "../domain/schedule/timer-heap.ts";
import { ADMISSION_LIMITS, refusalOf } from "../domain/server/admission.ts";
import type { LoadReported } from "../domain/server/load.ts";
import type { Offer } from "../domain/server/offers.ts";
import {
  countUse,
  createPortTable,
  holdPort,
  type PortTable,
  releasePort,
  seizeHeld,
} from "../domain/server/port-table.ts";
import {
  createTelephonyLoad,
  foldLoad,
  promise,
  promiseHeld,
  refused,
  serverViews,
  type TelephonyLoad,
  unpromise,
} from "../projections/telephony-load.ts";

/** "least-loaded" is no scheme of ours: what a single dispatcher would do, for comparison. */
export type SpreadScheme = ChoiceScheme | "least-loaded";

export type SpreadOptions = {
  readonly scheme: SpreadScheme;
  readonly dispatchers: number;
  /** Ports of each server. */
  readonly servers: readonly number[];
  /** Calls offered to the house, in percent of what its ports can carry. */
  readonly loadPercent: number;
  readonly reportEveryMs: number;
  readonly callMs: number;
  readonly simulatedMs: number;
  readonly seed: number;
  /** False: as if a refusal taught a dispatcher nothing. */
  readonly learns: boolean;
};

export type SpreadFigures = {
  readonly calls: number;
  /** Offers refused for each thousand calls placed. */
  readonly refusedPerThousand: number;
  /** Requests whose offers were refused as often as the rules allow. */
  readonly exhausted: number;
  /** Largest distance between the fullest and the emptiest server, in percent of their ports, after warming up. */
  readonly imbalancePeak: number;
  readonly imbalanceMean: number;
  /** From its arrival to a port, milliseconds. */
  readonly waitMeanMs: number;
  readonly waitP99Ms: number;
};

const LIMITS = { loadPercentMax: 100, serverLoadPercentMax: 100, inboundReserve: 0 };
const OFFER_REFUSALS_MAX = 5;
const OFFER_TTL_MS = 5_000;
const HOP_MS_MIN = 2;
const HOP_MS_MAX = 15;
const LOOK_EVERY_MS = 500;
/** Steps of one run, after which it counts as hanging. */
const STEPS_MAX = 20_000_000;

type Asked = {
  readonly request: RequestId;
  readonly at: number;
  readonly callMs: number;
  refusals: number;
  offers: number;
};
type Server = { readonly name: ServerId; table: PortTable };
type Dispatcher = {
  readonly load: TelephonyLoad;
  rotation: Rotation;
  looking: boolean;
  readonly line: Asked[];
};

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function runSpread(options: SpreadOptions): SpreadFigures {
  // The demand is the same whatever the scheme: its dice are its own.
  const draw = mulberry32(options.seed * 31);
  const arrivals = mulberry32(options.seed * 31 + 1);
  const lengths = mulberry32(options.seed * 31 + 2);
  const events = createTimerHeap<() => void>();
  let now = 0;
  const at = (delayMs: number, what: () => void): void => events.push(instant(now + delayMs), what);
  const hop = (what: () => void): void => at(HOP_MS_MIN + draw() * (HOP_MS_MAX - HOP_MS_MIN), what);
  const clock = (): Instant => instant(now);

  const servers = options.servers.map(
    (ports, index): Server => ({
      name: `s${String(index).padStart(3, "0")}` as ServerId,
      table: createPortTable(ports, 0),
    }),
  );
  const dispatchers = Array.from(
    { length: options.dispatchers },
    (): Dispatcher => ({ load: createTelephonyLoad(), rotation: NO_ROTATION, looking: false, line: [] }),
  );
  const capacity = options.servers.reduce((sum, ports) => sum + ports, 0);
  const everyMs = options.callMs / ((capacity * options.loadPercent) / 100);
  const warmMs = options.simulatedMs / 4;
  const waits: number[] = [];
  const imbalances: number[] = [];
  let [asked, placed, refusals, exhausted] = [0, 0, 0, 0];

  function report({ name, table }: Server): void {
    const message: LoadReported = {
      type: "LoadReported",
      server: name,
      at: clock(),
      startedAt: instant(0),
      ports: table.capacity,
      inUseOutbound: countUse(table, "outbound"),
      inUseInbound: 0,
      held: countUse(table, "held"),
      inboundReserve: 0,
      lastInboundAt: null,
      lastFullToFreeAt: null,
      mediaLatenessMs: 0,
      glare: 0,
      draining: false,
    };
    for (const dispatcher of dispatchers) {
      hop(() => {
        foldLoad(dispatcher.load, message, clock());
        dispatch(dispatcher);
      });
    }
  }

  function dispatch(dispatcher: Dispatcher): void {
    while (dispatcher.line.length > 0) {
      const rooms = roomsOf(serverViews(dispatcher.load), LIMITS, clock()).servers;
      const share = shareNow(dispatcher.load.eagerness, clock());
      if (rooms.length > 0 && share < 1 && draw() >= share) return lookAgain(dispatcher);
      const chosen = choose(options.scheme, rooms, dispatcher.rotation, draw());
      const request = chosen === null ? undefined : dispatcher.line.shift();
      if (chosen === null || request === undefined) return;
      dispatcher.rotation = chosen.rotation;
      offer(dispatcher, request, chosen.server);
    }
  }

  function lookAgain(dispatcher: Dispatcher): void {
    if (dispatcher.looking) return;
    dispatcher.looking = true;
    at(LOOK_AGAIN_MS, () => {
      dispatcher.looking = false;
      dispatch(dispatcher);
    });
  }

  function offer(dispatcher: Dispatcher, request: Asked, name: ServerId): void {
    request.offers += 1;
    const id = offerId(request.request, request.offers);
    promise(dispatcher.load, name, id, instant(now + OFFER_TTL_MS));
    hop(() => {
      const server = servers.find((one) => one.name === name);
      if (server !== undefined) admit(dispatcher, request, server, id);
    });
  }

  function admit(dispatcher: Dispatcher, request: Asked, server: Server, id: OfferId): void {
    const condition = { table: server.table, draining: false, mediaLatenessMs: 0, newestEpoch: 0 };
    const made = { epoch: 0, outboundPercentMax: 100, inboundReserve: 0 } as Offer;
    const no = refusalOf(made, condition, clock(), ADMISSION_LIMITS);
    const hold = no === null ? holdPort(server.table, { offer: id, now: clock(), until: clock() }) : null;
    if (hold === null) return hop(() => takeNo(dispatcher, request, server.name, id));
    server.table = hold.table;
    const heldAt = clock();
    hop(() => {
      promiseHeld(dispatcher.load, { server: server.name, offer: id, heldAt }, clock());
      if (request.at > warmMs) waits.push(now - request.at);
      hop(() => call(server, request, id, hold.port));
    });
  }

  function takeNo(dispatcher: Dispatcher, request: Asked, name: ServerId, id: OfferId): void {
    unpromise(dispatcher.load, name, id);
    refused(dispatcher.load, name, "busy", clock());
    if (!options.learns) dispatcher.load.eagerness = FULLY_EAGER;
    request.refusals += 1;
    if (now > warmMs) refusals += 1;
    if (request.refusals >= OFFER_REFUSALS_MAX) {
      exhausted += 1;
      return;
    }
    at(offerPauseMs(request.refusals), () => {
      dispatcher.line.unshift(request);
      dispatch(dispatcher);
    });
  }

  function call(server: Server, request: Asked, id: OfferId, port: number): void {
    server.table = seizeHeld(server.table, id, clock())?.table ?? server.table;
    if (now > warmMs) placed += 1;
    at(request.callMs, () => {
      server.table = releasePort(server.table, port, clock());
    });
  }

  function arrive(): void {
    asked += 1;
    const dispatcher = dispatchers[Math.floor(arrivals() * dispatchers.length)];
    const callMs = -Math.log(1 - lengths()) * options.callMs;
    const request: Asked = { request: `rq_${asked}` as RequestId, at: now, callMs, refusals: 0, offers: 0 };
    dispatcher?.line.push(request);
    if (dispatcher !== undefined) dispatch(dispatcher);
    at(-Math.log(1 - arrivals()) * everyMs, arrive);
  }

  function look(): void {
    const used = servers.map(({ table }) => (100 * table.inUse.size) / table.capacity);
    if (now > warmMs) imbalances.push(Math.max(...used) - Math.min(...used));
    at(LOOK_EVERY_MS, look);
  }

  function beat(server: Server): void {
    report(server);
    at(options.reportEveryMs, () => beat(server));
  }

  for (const server of servers) at(draw() * options.reportEveryMs, () => beat(server));
  at(options.reportEveryMs, arrive);
  at(LOOK_EVERY_MS, look);
  for (let steps = 0; now < options.simulatedMs; steps += 1) {
    if (steps > STEPS_MAX)
      throw new Error(`spread: no end after ${STEPS_MAX} steps; lower the load or the time`);
    const next = events.next();
    if (next === null) break;
    now = next;
    events.popDue(next)?.();
  }
  return {
    calls: placed,
    refusedPerThousand: placed === 0 ? 0 : (1_000 * refusals) / placed,
    exhausted,
    imbalancePeak: Math.max(0, ...imbalances),
    imbalanceMean: mean(imbalances),
    waitMeanMs: mean(waits),
    waitP99Ms: waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.99)] ?? 0,
  };
}

function choose(
  scheme: SpreadScheme,
  rooms: readonly Room[],
  rotation: Rotation,
  drawn: number,
): Chosen | null {
  if (scheme !== "least-loaded") return chooseServer(scheme, rooms, rotation, drawn);
  const [first, ...rest] = rooms;
  if (first === undefined) return null;
  const freest = rest.reduce((best, room) => (room.ports > best.ports ? room : best), first);
  return { server: freest.server, rotation };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
