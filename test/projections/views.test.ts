import fc from "fast-check";
import { expect, test } from "vitest";
import { offerId, type ServerId } from "../../domain/kernel/identifiers.ts";
import { type Instant, instant } from "../../domain/kernel/time.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { evolve, NO_REQUEST, type RequestState } from "../../domain/request/state.ts";
import type { LoadReported } from "../../domain/server/load.ts";
import { createDirectory, foldDirectory, senderByKeyId, senderOf } from "../../projections/directory.ts";
import { foldStatus, type StatusView } from "../../projections/request-status.ts";
import {
  createTelephonyLoad,
  foldLoad,
  promise,
  promiseHeld,
  refused,
  serverViews,
  silentServers,
  type TelephonyLoad,
  unpromise,
} from "../../projections/telephony-load.ts";
import {
  acceptedOffer,
  completed,
  dispatched,
  HOTEL,
  later,
  NINE,
  queued,
  REQUEST,
  received,
  SERVER,
} from "../support/sample-request.ts";

const offer = offerId(REQUEST, 1);
const call = { attempt: 1, offer, server: SERVER };
const HISTORY: readonly RequestEvent[] = [
  received(),
  queued,
  dispatched(),
  acceptedOffer(),
  { type: "CallPlaced", at: later(20), sipCallId: "a", trunk: "t", factSeq: 1, ...call },
  { type: "CallAnswered", at: later(900), answeredBy: "unknown", factSeq: 2, ...call },
  { ...completed({ outcome: "completed", answeredAt: later(900) }), factSeq: 3, ...call },
  { type: "RequestCompleted", at: later(31_000), attempts: 1, outcome: "completed" },
];

function statusAfter(events: readonly RequestEvent[]): StatusView | null {
  return events.reduce<StatusView | null>(
    (view, event, index) => foldStatus(view, REQUEST, event, index + 1),
    null,
  );
}

test("the status follows the events (M08)", () => {
  const statuses = HISTORY.map((_, index) => statusAfter(HISTORY.slice(0, index + 1))?.status);
  expect(statuses).toEqual([
    "received",
    "queued",
    "dispatched",
    "accepted",
    "calling",
    "in-call",
    "in-call",
    "completed",
  ]);
  expect(statusAfter(HISTORY)).toMatchObject({
    final: true,
    outcome: "completed",
    attempts: [{ attempt: 1, outcome: "completed" }],
  });
});

test("an event that is read twice counts once", () => {
  const once = statusAfter(HISTORY.slice(0, 6));
  const sixth = HISTORY[5];
  if (sixth === undefined) throw new Error("the history is too short");
  expect(foldStatus(once, REQUEST, sixth, 6)).toBe(once);
});

test("any history folds, in any order, without a throw", () => {
  const events = fc.array(fc.constantFrom(...HISTORY), { maxLength: 30 });
  fc.assert(
    fc.property(events, (history) => {
      statusAfter(history);
      const state = history.reduce<RequestState>(evolve, NO_REQUEST);
      expect(["none", "received", "scheduled", "queued", "offered", "calling", "called", "over"]).toContain(
        state.phase,
      );
    }),
  );
});

function report(change: Partial<LoadReported>): LoadReported {
  return {
    type: "LoadReported",
    server: SERVER,
    at: NINE,
    startedAt: NINE,
    ports: 10,
    inUseOutbound: 2,
    inUseInbound: 1,
    held: 1,
    inboundReserve: 1,
    lastInboundAt: null,
    lastFullToFreeAt: null,
    mediaLatenessMs: 0,
    glare: 0,
    draining: false,
    ...change,
  };
}

function outboundOf(load: TelephonyLoad): number | undefined {
  return [...serverViews(load)][0]?.outbound;
}

test("what we promised counts beside what the last report says, until a report counts it (J02, J08)", () => {
  const load = createTelephonyLoad();
  foldLoad(load, report({}), NINE);
  expect([...serverViews(load)]).toMatchObject([{ ports: 10, outbound: 3, inbound: 1, inboundReserve: 1 }]);
  promise(load, SERVER, offer, later(5_000));
  expect(outboundOf(load)).toBe(4);
  foldLoad(load, report({ at: later(400) }), later(500));
  expect(outboundOf(load)).toBe(4);
  promiseHeld(load, { server: SERVER, offer, heldAt: later(450) }, later(450));
  expect(outboundOf(load)).toBe(4);
  foldLoad(load, report({ at: later(460), held: 2 }), later(500));
  expect(outboundOf(load)).toBe(4);
});

test("a promise ends at once where the report knows the hold already, or nothing came of it", () => {
  const load = createTelephonyLoad();
  foldLoad(load, report({ at: later(400), held: 2 }), later(410));
  promise(load, SERVER, offer, later(5_000));
  promiseHeld(load, { server: SERVER, offer, heldAt: later(390) }, later(410));
  expect(outboundOf(load)).toBe(4);
  promise(load, SERVER, offer, later(5_000));
  unpromise(load, SERVER, offer);
  expect(outboundOf(load)).toBe(4);
});

test("a promise that nobody answered is forgotten when its offer has expired, whatever became of its owner", () => {
  const load = createTelephonyLoad();
  foldLoad(load, report({}), NINE);
  promise(load, SERVER, offer, later(5_000));
  foldLoad(load, report({ at: later(4_999) }), later(4_999));
  expect(outboundOf(load)).toBe(4);
  foldLoad(load, report({ at: later(5_000) }), later(5_000));
  expect(outboundOf(load)).toBe(3);
});

test("a server that refused is asked again only after its next report (J10)", () => {
  const load = createTelephonyLoad();
  foldLoad(load, report({}), NINE);
  refused(load, SERVER, "busy", NINE);
  expect([...serverViews(load)]).toMatchObject([{ refusedSince: true }]);
  foldLoad(load, report({ at: instant(NINE - 1) }), later(10));
  expect([...serverViews(load)]).toMatchObject([{ refusedSince: true }]);
  foldLoad(load, report({ at: later(20) }), later(30));
  expect([...serverViews(load)]).toMatchObject([{ refusedSince: false }]);
});

test("a late report does not overrule a newer one of the same run", () => {
  const load = createTelephonyLoad();
  foldLoad(load, report({ at: later(1_000) }), later(1_000));
  foldLoad(load, report({ at: later(500), held: 9 }), later(1_001));
  expect(outboundOf(load)).toBe(3);
});

test("a server that restarted with its clock set back is believed", () => {
  const load = createTelephonyLoad();
  foldLoad(load, report({ at: later(1_000) }), later(1_000));
  foldLoad(
    load,
    report({ startedAt: instant(NINE - 3_600_000), at: later(-3_600_000), held: 2 }),
    later(3_000),
  );
  expect(outboundOf(load)).toBe(4);
});

/** By our clock, of a report that reaches us after 500 ms; both times are the server's own. */
function lastInbound(at: number, lastInboundAt: number): Instant | null | undefined {
  const load = createTelephonyLoad();
  foldLoad(load, report({ at: later(at), lastInboundAt: later(lastInboundAt) }), later(500));
  return [...serverViews(load)][0]?.lastInboundAt;
}

test("when the last call came in is known by our clock, whatever the server's own says (J08)", () => {
  expect(lastInbound(400, 300)).toBe(later(400));
  expect(lastInbound(3_600_400, 3_600_300)).toBe(later(400));
  // The server's clock was set back in between: its last call is not in the future.
  expect(lastInbound(-3_600_000, 300)).toBe(later(500));
});

test("a server is silent by our clock, from when its report reached us (J07)", () => {
  const load = createTelephonyLoad();
  foldLoad(load, report({ at: instant(0) }), later(0));
  expect(silentServers(load, later(10_000), 10_000)).toEqual([]);
  expect(silentServers(load, later(10_001), 10_000)).toEqual([SERVER]);
  promise(load, "unknown" as ServerId, offer, NINE);
  expect([...serverViews(load)]).toHaveLength(1);
});

test("the newest record of each account is in force, and a tombstone ends it", () => {
  const view = createDirectory();
  const account = {
    type: "SenderRegistered",
    sender: HOTEL,
    at: NINE,
    standing: "active",
    credentials: [{ mechanism: "api-key", keyId: "k1", sha256: "00" }],
    sources: [],
    hours: [],
    serviceLevel: "basic",
    bulkiness: "solitary",
  } as const;
  foldDirectory(view, "sender:hotel", account);
  foldDirectory(view, "sender:hotel", { ...account, standing: "suspended" });
  expect(senderOf(view, HOTEL)?.standing).toBe("suspended");
  expect(senderByKeyId(view, "k1")?.sender).toBe(HOTEL);
  foldDirectory(view, "sender:hotel", null);
  expect(senderOf(view, HOTEL)).toBeNull();
});
