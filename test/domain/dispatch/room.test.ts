import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RoomLimits, roomsOf, type ServerView, shareOf } from "../../../domain/dispatch/room.ts";
import type { ServerId } from "../../../domain/kernel/identifiers.ts";
import { instant } from "../../../domain/kernel/time.ts";

const NOW = instant(1_000_000);
const OPEN: RoomLimits = { loadPercentMax: 100, serverLoadPercentMax: 100, inboundReserve: 0 };

function view(change: Partial<ServerView> = {}): ServerView {
  return {
    server: "a" as ServerId,
    ports: 10,
    outbound: 0,
    inbound: 0,
    inboundReserve: 0,
    reportedAt: NOW,
    lastInboundAt: null,
    draining: false,
    mediaLatenessMs: 1,
    refusedSince: false,
    ...change,
  };
}

function portsLeft(change: Partial<ServerView>, limits: Partial<RoomLimits> = {}): number {
  return roomsOf([view(change)], { ...OPEN, ...limits }, NOW).total;
}

test("what is in use, held, promised or reserved is no room (J02)", () => {
  expect(portsLeft({ outbound: 3, inbound: 2, inboundReserve: 1 })).toBe(4);
  expect(portsLeft({ outbound: 10 })).toBe(0);
});

test("a server whose reports stopped gets nothing, nor do its ports count (J07, E07)", () => {
  const gone = view({ server: "b" as ServerId, reportedAt: instant(NOW - 5_001) });
  expect(roomsOf([gone], OPEN, NOW)).toEqual({ servers: [], total: 0 });
  expect(roomsOf([gone, view()], { ...OPEN, loadPercentMax: 50 }, NOW).total).toBe(5);
  expect(portsLeft({ reportedAt: instant(NOW - 5_000) })).toBe(10);
});

test("a draining server, one that sends media late, and one that has just refused get nothing", () => {
  expect(portsLeft({ draining: true })).toBe(0);
  expect(portsLeft({ mediaLatenessMs: 11 })).toBe(0);
  expect(portsLeft({ refusedSince: true })).toBe(0);
});

test("a nearly full server that just got an incoming call gets nothing (J11, J03)", () => {
  const nearlyFull = { outbound: 6, inboundReserve: 2 };
  expect(portsLeft({ ...nearlyFull, lastInboundAt: instant(NOW - 1_999) })).toBe(0);
  expect(portsLeft({ ...nearlyFull, lastInboundAt: instant(NOW - 2_000) })).toBe(2);
});

describe("the Receiver's rules", () => {
  test("may leave more ports to callers than a server does by itself, never fewer", () => {
    expect(portsLeft({ inboundReserve: 1 }, { inboundReserve: 4 })).toBe(6);
    expect(portsLeft({ inboundReserve: 4 }, { inboundReserve: 1 })).toBe(6);
  });

  test("cap the outbound calls of each server (F06)", () => {
    expect(portsLeft({ outbound: 4 }, { serverLoadPercentMax: 50 })).toBe(1);
    expect(portsLeft({ outbound: 5 }, { serverLoadPercentMax: 50 })).toBe(0);
  });

  test("count callers against no cap: it is for outbound calls", () => {
    expect(portsLeft({ inbound: 5 }, { serverLoadPercentMax: 50 })).toBe(5);
  });
});

const aView = fc
  .record({
    ports: fc.integer({ min: 1, max: 60 }),
    outbound: fc.nat(60),
    inbound: fc.nat(60),
    inboundReserve: fc.nat(10),
    draining: fc.boolean(),
    refusedSince: fc.boolean(),
  })
  .map(({ ports, outbound, inbound, ...rest }) => {
    const calling = Math.min(outbound, ports);
    return view({ ports, outbound: calling, inbound: Math.min(inbound, ports - calling), ...rest });
  });
const views = fc
  .array(aView, { maxLength: 6 })
  .map((some) => some.map((one, index) => ({ ...one, server: `s${index}` as ServerId })));
const limits = fc.record({
  loadPercentMax: fc.integer({ min: 0, max: 100 }),
  serverLoadPercentMax: fc.integer({ min: 0, max: 100 }),
  inboundReserve: fc.nat(10),
});

test("with fresh reports the caps are exact, and no server is asked for more than is free (F06, J10)", () => {
  fc.assert(
    fc.property(views, limits, (servers, rules) => {
      const rooms = roomsOf(servers, rules, NOW);
      const ports = servers.reduce((sum, server) => sum + server.ports, 0);
      const outbound = servers.reduce((sum, server) => sum + server.outbound, 0);
      const mayCall = Math.max(outbound, shareOf(ports, rules.loadPercentMax));
      expect(outbound + rooms.total).toBeLessThanOrEqual(mayCall);
      for (const room of rooms.servers) {
        const server = servers.find(({ server: name }) => name === room.server);
        if (server === undefined) throw new Error("room on a server that is not there");
        const reserve = Math.max(server.inboundReserve, rules.inboundReserve);
        expect(room.ports).toBeLessThanOrEqual(server.ports - server.outbound - server.inbound - reserve);
        expect(server.outbound + room.ports).toBeLessThanOrEqual(
          shareOf(server.ports, rules.serverLoadPercentMax),
        );
      }
    }),
  );
});

test("a cap is used up to the last port, not short of it (F06)", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 100 }), (ports, percent) => {
      expect(portsLeft({ ports }, { loadPercentMax: percent })).toBe(Math.floor((ports * percent) / 100));
      expect(portsLeft({ ports }, { serverLoadPercentMax: percent })).toBe(
        Math.floor((ports * percent) / 100),
      );
    }),
  );
});
