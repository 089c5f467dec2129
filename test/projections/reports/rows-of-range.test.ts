import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { offerId } from "../../../domain/kernel/identifiers.ts";
import { parseSealed } from "../../../domain/kernel/sealed.ts";
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { Row } from "../../../domain/ports/analytics.ts";
import type { Delivered } from "../../../domain/ports/event-log.ts";
import type { RequestEvent } from "../../../domain/request/events.ts";
import { FIELD_CHARACTERS_MAX } from "../../../projections/reports/event-rows.ts";
import {
  createOpenRequests,
  FINISHED_KEPT_EVENTS,
  openFrom,
} from "../../../projections/reports/open-requests.ts";
import { restoreOpenRequests, rowsOfRange } from "../../../projections/reports/rows-of-range.ts";
import { CALLS, EVENTS, REQUESTS } from "../../../projections/reports/tables.ts";
import {
  acceptedOffer,
  CUSTOMER,
  completed,
  dispatched,
  later,
  NINE,
  REQUEST,
  received,
  SERVER,
} from "../../support/sample-request.ts";
import { createDie, delivered, entriesOf, history, interleave } from "./sample-history.ts";

function records(...events: readonly RequestEvent[]): Delivered<"events">[] {
  const { id, slot } = history(1, createDie(1));
  return delivered(entriesOf({ id, slot, events }));
}

const place = {
  attempt: 1,
  offer: offerId(REQUEST, 1),
  server: SERVER,
};

function sampleRecords(seed: number, count: number): Delivered<"events">[] {
  const die = createDie(seed);
  return delivered(
    interleave(
      Array.from({ length: count }, (_, index) => history(index, die)),
      die,
    ),
  );
}

function byKey(rows: readonly Row[], key: string): Map<unknown, Row> {
  return new Map(rows.map((row) => [row[key], row]));
}

describe("rows of the accounting", () => {
  test("a finished call is one row with its times, its talk and its outcome (N05, N06, N07)", () => {
    const end = completed({
      at: later(65_000),
      outcome: "completed",
      answeredAt: later(5_100),
      talkMs: milliseconds(59_900),
      rtpReceived: 2_900,
      rtpConcealed: 95,
      jitterMs: 3,
    });
    const { calls } = rowsOfRange(
      createOpenRequests(),
      records(received(), dispatched(), acceptedOffer(), { ...end, ...place, factSeq: 3 }),
    );
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({
      sender: "hotel",
      outcome: "completed",
      talk_ms: 59_900,
      answered_at: later(5_100),
      pdd_ms: 80,
      rtp_received: 2_900,
      rtp_concealed: 95,
      application: "https://hotel.example/wake-up.vxml",
    });
  });

  test("a lost call keeps what was seen of it, and no talk is claimed", () => {
    const { calls } = rowsOfRange(
      createOpenRequests(),
      records(
        received(),
        dispatched(),
        acceptedOffer(),
        { type: "CallPlaced", at: later(20), ...place, factSeq: 1, sipCallId: "abc", trunk: "carrier" },
        { type: "CallLost", at: later(9_000), ...place, factSeq: 0, phase: "invited", how: "silence" },
      ),
    );
    expect(calls[0]).toMatchObject({
      outcome: "lost",
      reason: "invited/silence",
      talk_ms: 0,
      trunk: "carrier",
    });
  });

  test("an incoming call is a row too, so that utilisation counts its port (N13)", () => {
    const [first] = records(received());
    if (first === undefined || !first.ok) throw new Error("no sample");
    const message: RequestEvent = {
      type: "InboundEnded",
      inboundId: "in-1",
      customer: CUSTOMER,
      server: SERVER,
      port: 2,
      startedAt: NINE,
      endedBy: "customer",
      at: later(30_000),
    };
    const { calls } = rowsOfRange(createOpenRequests(), [
      { ...first, envelope: { ...first.envelope, subject: null, sequence: null }, message },
    ]);
    expect(calls[0]).toMatchObject({
      direction: "inbound",
      talk_ms: 30_000,
      port_released_at: later(30_000),
    });
  });

  test("every column of a table is written by its rows, and nothing else", () => {
    const rows = rowsOfRange(createOpenRequests(), sampleRecords(3, 20));
    for (const [table, some] of [
      [CALLS, rows.calls],
      [REQUESTS, rows.requests],
      [EVENTS, rows.events],
    ] as const)
      for (const row of some)
        expect(Object.keys(row).toSorted()).toEqual(table.columns.map(({ name }) => name).toSorted());
  });

  test("an event that stands twice in the log counts once", () => {
    const once = sampleRecords(5, 10);
    const twice = once.flatMap((record) => [record, { ...record, offset: record.offset + 1 }]);
    expect(rowsOfRange(createOpenRequests(), twice).calls).toEqual(
      rowsOfRange(createOpenRequests(), once).calls,
    );
  });

  test("what cannot be read is shown by its place", () => {
    const { events } = rowsOfRange(createOpenRequests(), [
      {
        topic: "events",
        partition: 2,
        offset: 7,
        key: "k",
        appendedAt: NINE,
        ok: false,
        reason: "unknown schema 99",
      },
    ]);
    expect(events).toMatchObject([
      { p: 2, o: 7, type: "(unreadable)", payload: '{"reason":"unknown schema 99"}' },
    ]);
  });

  test("an inline program stays in the log: the row names its length", () => {
    const sealed = parseSealed(`k1.${"A".repeat(FIELD_CHARACTERS_MAX)}`);
    if (sealed === null) throw new Error("no sample");
    const document = { kind: "inline", url: null, sealed, sha256: "ab".repeat(32) } as const;
    const { events, requests } = rowsOfRange(createOpenRequests(), records(received({ document })));
    expect(String(events[0]?.["payload"])).toContain(`(${sealed.length} characters, in the log)`);
    expect(requests[0]?.["application"]).toBe(`inline:${"ab".repeat(8)}`);
  });

  test("a URL gives its place and neither its query nor its user", () => {
    const url = "https://user:secret@hotel.example/a.vxml?guest=Miller#x";
    const document = { kind: "url", url, sealed: null, sha256: null } as const;
    const { requests } = rowsOfRange(createOpenRequests(), records(received({ document })));
    expect(requests[0]?.["application"]).toBe("https://hotel.example/a.vxml");
  });
});

describe("ranges", () => {
  test("however the log is cut, the rows are the same", () => {
    const all = sampleRecords(11, 30);
    const whole = rowsOfRange(createOpenRequests(), all);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: all.length - 1 }), { maxLength: 8 }), (cuts) => {
        const open = createOpenRequests();
        const places = [0, ...cuts.toSorted((a, b) => a - b), all.length];
        const parts = places.slice(1).map((to, at) => rowsOfRange(open, all.slice(places[at], to)));
        expect(parts.flatMap(({ calls }) => calls)).toEqual(whole.calls);
        expect(parts.flatMap(({ events }) => events)).toEqual(whole.events);
        const newest = byKey(
          parts.flatMap(({ requests }) => requests),
          "request_id",
        );
        expect(newest).toEqual(byKey(whole.requests, "request_id"));
      }),
      { numRuns: 60 },
    );
  });

  test("a fold that begins at the oldest open Request gives the rows of one that saw everything", () => {
    const all = sampleRecords(13, 40);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: all.length - 1 }), (cut) => {
        const first = createOpenRequests();
        restoreOpenRequests(first, all.slice(0, cut));
        const from = openFrom(first);
        const again = createOpenRequests();
        restoreOpenRequests(
          again,
          all.slice(0, cut).filter(({ offset }) => from !== null && offset >= from),
        );
        expect(rowsOfRange(again, all.slice(cut))).toEqual(rowsOfRange(first, all.slice(cut)));
      }),
      { numRuns: 60 },
    );
  });

  test("a finished Request is forgotten after a fixed stretch of the log, and the bookmark moves on", () => {
    const open = createOpenRequests();
    const one = sampleRecords(17, 1);
    rowsOfRange(open, one);
    expect(openFrom(open)).toBe(0);
    const last = one.at(-1);
    if (last === undefined) throw new Error("no sample");
    restoreOpenRequests(open, [{ ...last, offset: last.offset + FINISHED_KEPT_EVENTS }]);
    expect(openFrom(open)).toBeNull();
  });
});
