import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseServer, type ServerView } from "../../../domain/dispatch/choose-server.ts";
import type { ServerId } from "../../../domain/kernel/identifiers.ts";
import { instant } from "../../../domain/kernel/time.ts";

const NOW = instant(1_000_000);

function view(server: string, free: number, change: Partial<ServerView> = {}): ServerView {
  return {
    server: server as ServerId,
    free,
    reportedAt: NOW,
    lastInboundAt: null,
    inboundReserve: 0,
    draining: false,
    mediaLatenessMs: 1,
    ...change,
  };
}

test("a server is drawn as often as its share of the free ports says (J09)", () => {
  const servers = [view("a", 30), view("b", 10), view("c", 0)];
  const drawn = Array.from({ length: 400 }, (_, index) => chooseServer(servers, index / 400, NOW));
  expect(drawn.filter((server) => server === "a")).toHaveLength(300);
  expect(drawn.filter((server) => server === "b")).toHaveLength(100);
});

test("nothing is chosen when every server is full", () => {
  expect(chooseServer([view("a", 0), view("b", -2)], 0.5, NOW)).toBeNull();
  expect(chooseServer([], 0.5, NOW)).toBeNull();
});

test("a server whose reports stopped gets nothing (J07)", () => {
  expect(chooseServer([view("a", 9, { reportedAt: instant(NOW - 5_001) })], 0.5, NOW)).toBeNull();
});

test("a draining server and one that sends media late get nothing", () => {
  expect(
    chooseServer([view("a", 9, { draining: true }), view("b", 9, { mediaLatenessMs: 11 })], 0.5, NOW),
  ).toBeNull();
});

test("a nearly full server that just got an incoming call gets nothing (J11)", () => {
  const nearlyFull = view("a", 2, { inboundReserve: 2, lastInboundAt: instant(NOW - 1_999) });
  expect(chooseServer([nearlyFull], 0.5, NOW)).toBeNull();
  expect(chooseServer([{ ...nearlyFull, lastInboundAt: instant(NOW - 2_000) }], 0.5, NOW)).toBe("a");
});

test("no server is ever offered more than its free ports (J10)", () => {
  const free = fc.array(fc.integer({ min: -1, max: 4 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      free,
      fc.array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { maxLength: 40 }),
      (ports, draws) => {
        const left = new Map(ports.map((count, index) => [`s${index}`, count]));
        for (const draw of draws) {
          const chosen = chooseServer(
            [...left].map(([server, count]) => view(server, count)),
            draw,
            NOW,
          );
          if (chosen === null) break;
          left.set(chosen, (left.get(chosen) ?? 0) - 1);
        }
        for (const [server, count] of left)
          expect(count).toBeGreaterThanOrEqual(Math.min(0, ports[Number(server.slice(1))] ?? 0));
      },
    ),
  );
});
