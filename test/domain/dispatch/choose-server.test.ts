import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CHOICE_SCHEMES,
  type ChoiceScheme,
  chooseServer,
  NO_ROTATION,
} from "../../../domain/dispatch/choose-server.ts";
import { type Room, type Rooms, withOffer } from "../../../domain/dispatch/room.ts";
import type { ServerId } from "../../../domain/kernel/identifiers.ts";

const scheme = fc.constantFrom<ChoiceScheme>(...CHOICE_SCHEMES);
const draws = fc.array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { maxLength: 60 });
const anyRooms = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }).map(rooms);

function rooms(ports: readonly number[]): Rooms {
  const servers = ports.map((count, index): Room => ({ server: `s${index}` as ServerId, ports: count }));
  return { servers, total: ports.reduce((sum, count) => sum + count, 0) };
}

/** Who is chosen, one after the other, while the rooms stay as they are. */
function choices(how: ChoiceScheme, servers: readonly Room[], drawn: readonly number[]): string[] {
  let rotation = NO_ROTATION;
  return drawn.flatMap((draw) => {
    const chosen = chooseServer(how, servers, rotation, draw);
    rotation = chosen?.rotation ?? rotation;
    return chosen === null ? [] : [chosen.server];
  });
}

function counts(names: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const name of names) found.set(name, (found.get(name) ?? 0) + 1);
  return found;
}

test("nothing is chosen where there is no room, whatever the scheme (F05)", () => {
  for (const how of CHOICE_SCHEMES) expect(chooseServer(how, [], NO_ROTATION, 0.5)).toBeNull();
});

test("no server is ever offered more than its free ports, whatever the scheme (J10)", () => {
  fc.assert(
    fc.property(scheme, anyRooms, draws, (how, before, drawn) => {
      let left = before;
      let rotation = NO_ROTATION;
      const names: string[] = [];
      for (const draw of drawn) {
        const chosen = chooseServer(how, left.servers, rotation, draw);
        if (chosen === null) break;
        rotation = chosen.rotation;
        names.push(chosen.server);
        left = withOffer(left, chosen.server);
      }
      expect(names).toHaveLength(Math.min(drawn.length, before.total));
      for (const { server, ports } of before.servers) {
        expect(counts(names).get(server) ?? 0).toBeLessThanOrEqual(ports);
      }
    }),
  );
});

describe("low load", () => {
  test("a server is drawn as often as its share of the free ports says (J09, T07, T68)", () => {
    const drawn = Array.from({ length: 400 }, (_, index) => index / 400);
    const found = counts(choices("low-load", rooms([30, 10]).servers, drawn));
    expect(found).toEqual(
      new Map([
        ["s0", 300],
        ["s1", 100],
      ]),
    );
  });
});

describe("round robin (J12)", () => {
  test("over any number of choices no server with room gets more than one offer more than another", () => {
    fc.assert(
      fc.property(anyRooms, draws, ({ servers }, drawn) => {
        const found = counts(choices("round-robin", servers, drawn));
        const numbers = servers.map(({ server }) => found.get(server) ?? 0);
        expect(Math.max(...numbers) - Math.min(...numbers)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("dispatchers begin at different servers", () => {
    const three = rooms([5, 5, 5]).servers;
    const first = [0, 0.4, 0.9].map((draw) => chooseServer("round-robin", three, NO_ROTATION, draw)?.server);
    expect(first).toEqual(["s0", "s1", "s2"]);
  });

  test("a server that has no room is passed over, and served again when it has", () => {
    const last = { ...NO_ROTATION, last: "s0" as ServerId };
    const [s0, s1, s2] = rooms([1, 1, 1]).servers;
    if (s0 === undefined || s1 === undefined || s2 === undefined) throw new Error("three rooms were made");
    expect(chooseServer("round-robin", [s0, s2], last, 0)?.server).toBe("s2");
    expect(chooseServer("round-robin", [s0, s1, s2], last, 0)?.server).toBe("s1");
  });
});

describe("combination (J12)", () => {
  test("in as many choices as there are free ports every server gets as many as it has, but for one", () => {
    fc.assert(
      fc.property(anyRooms, fc.double({ min: 0, max: 0.999, noNaN: true }), ({ servers, total }, draw) => {
        const found = counts(
          choices(
            "combination",
            servers,
            Array.from({ length: total }, () => draw),
          ),
        );
        for (const { server, ports } of servers) {
          expect(Math.abs((found.get(server) ?? 0) - ports)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test("a server with three times the room gets three of four offers, and never four in a row", () => {
    const chosen = choices(
      "combination",
      rooms([30, 10]).servers,
      Array.from({ length: 40 }, () => 0),
    );
    expect(counts(chosen).get("s0")).toBe(30);
    expect(chosen.join("")).not.toContain("s0".repeat(4));
  });
});
