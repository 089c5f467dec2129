/** Offers what waits to servers with a free port: the best first, each to a server that is chosen for it. */
import { chooseServer, NO_ROTATION } from "../../domain/dispatch/choose-server.ts";
import { roomLimitsOf } from "../../domain/dispatch/dispatch-limits.ts";
import { LOOK_AGAIN_MS, shareNow } from "../../domain/dispatch/eagerness.ts";
import { roomsOf, withOffer } from "../../domain/dispatch/room.ts";
import type { RequestId, ServerId } from "../../domain/kernel/identifiers.ts";
import { after, type Instant, milliseconds } from "../../domain/kernel/time.ts";
import { type DispatchLimits, dispatch } from "../../domain/request/decide.ts";
import type { RequestState } from "../../domain/request/state.ts";
import { promise, serverViews, type TelephonyLoad } from "../../projections/telephony-load.ts";
import type { Book } from "./book.ts";
import type { Judge } from "./judge.ts";
import { BY_TIMER } from "./ledger.ts";
import type { Pen } from "./pen.ts";
import type { WaitingLine } from "./waiting-line.ts";

/** Offers made at once at most: bounds a transaction. */
const OFFERS_AT_ONCE_MAX = 500;

export type OfferingPorts = {
  readonly book: Book;
  readonly pen: Pen;
  readonly judge: Judge;
  readonly line: WaitingLine;
  readonly load: TelephonyLoad;
  readonly limits: (state: RequestState) => DispatchLimits;
  readonly draw: () => number;
  readonly steadyNow: () => Instant;
};

export type Offering = {
  /** Makes the offers that are possible now. */
  offerAll(now: Instant): void;
  /** By the steady clock: when there is room that was left to others at first; null: there is none. */
  lookAgainAt(): Instant | null;
};

export function createOffering(ports: OfferingPorts): Offering {
  const { book, pen, judge, line, load, limits } = ports;
  let rotation = NO_ROTATION;
  let lookAgainAt: Instant | null = null;

  /** Whether this port is taken now or, in a full house, left to others for a moment. */
  function isEager(): boolean {
    const share = shareNow(load.eagerness, ports.steadyNow());
    return share >= 1 || ports.draw() < share;
  }

  /** Offers a waiting Request, unless it can't be called now. Answers whether the server got an offer. */
  function offer(request: RequestId, server: ServerId, now: Instant): boolean {
    const state = book.stateOf(request);
    if (state.phase !== "queued") return false;
    const { customer } = state.terms;
    if (book.customer(customer).busyWith.length > 0) {
      line.park(customer, request);
      return false;
    }
    const judgement = judge.judge(state.terms, book.customer(customer), null, now);
    const decided = dispatch(state, { server, requestId: request }, judgement, limits(state), now);
    if (!decided.ok) return false;
    pen.write(request, decided.events, BY_TIMER, now);
    const next = book.stateOf(request);
    if (next.phase !== "offered") return false;
    promise(load, server, next.offer, after(ports.steadyNow(), limits(next).offerTtlMs));
    return true;
  }

  return {
    offerAll(now) {
      lookAgainAt = null;
      if (line.length() === 0) return;
      const rules = judge.rules();
      let rooms = roomsOf(serverViews(load), roomLimitsOf(rules), ports.steadyNow());
      for (let made = 0; made < OFFERS_AT_ONCE_MAX && rooms.total > 0; made += 1) {
        if (!isEager()) {
          lookAgainAt = after(ports.steadyNow(), milliseconds(LOOK_AGAIN_MS));
          return;
        }
        const chosen = chooseServer(rules.serverChoice, rooms.servers, rotation, ports.draw());
        const request = chosen === null ? null : line.next();
        if (chosen === null || request === null) return;
        if (!offer(request, chosen.server, now)) continue;
        rotation = chosen.rotation;
        rooms = withOffer(rooms, chosen.server);
      }
    },
    lookAgainAt: () => lookAgainAt,
  };
}
