import { describe, expect, test } from "vitest";
import {
  type GroupLink,
  NoLongerMemberError,
  RebalancingError,
} from "../../../../adapters/event-log/kafka/kafka-driver.ts";
import { startMembership } from "../../../../adapters/event-log/kafka/membership.ts";
import { milliseconds } from "../../../../domain/kernel/time.ts";
import { LogUnavailableError } from "../../../../domain/ports/event-log.ts";
import { createFreezableClock } from "../../../contract/event-log-clock.ts";

type Script = {
  readonly heartbeats: readonly (Error | null)[];
  readonly assignments: readonly (readonly number[])[];
};

/** A group that answers as told, then always well; and a member that does what it is told. */
function play({ heartbeats, assignments }: Script) {
  const said: string[] = [];
  const beats = [...heartbeats];
  const shares = [...assignments];
  let owned: readonly number[] = [];
  const quiet = Promise.withResolvers<void>();
  const link: GroupLink = {
    async join({ member, owned: claimed }) {
      said.push(`join ${member || "new"} [${claimed.join()}]`);
      return { member: "m", generation: 1, candidates: null };
    },
    sync: async () => shares.shift() ?? owned,
    async heartbeat() {
      const failure = beats.shift();
      if (failure === undefined) quiet.resolve();
      if (failure instanceof Error) throw failure;
    },
    leave: async (member) => void said.push(`leave ${member}`),
    commitPositions: async (_seat, next) => void said.push(`positions ${[...next.keys()].join()}`),
    close: async () => void said.push("close"),
  };
  const membership = startMembership(
    link,
    { clock: { ...createFreezableClock(), schedule: soon }, sessionMs: 300, partitions: 4 },
    {
      owned: () => owned,
      async assigned(mine) {
        const gaveBack = owned.some((partition) => !mine.includes(partition));
        owned = mine;
        said.push(`own [${mine.join()}]`);
        return gaveBack;
      },
      alive: () => undefined,
      expelled() {
        owned = [];
        said.push("expelled");
      },
      takePositions: () => new Map(),
      trouble: () => void said.push("trouble"),
    },
  );
  return { said, quiet: quiet.promise, membership };
}

/** Whatever waits is woken a turn later. */
function soon(delay: number, action: () => void): () => void {
  expect(milliseconds(delay)).toBeGreaterThan(0);
  const turn = setImmediate(action);
  return () => clearImmediate(turn);
}

async function outcome(script: Script): Promise<readonly string[]> {
  const { said, quiet, membership } = play(script);
  await quiet;
  membership.stop();
  await membership.ended;
  return said;
}

describe("a member of a group", () => {
  test("joins, works, and says goodbye", async () => {
    const said = await outcome({ heartbeats: [], assignments: [[0, 1]] });
    expect(said).toEqual(["join new []", "own [0,1]", "leave m", "close"]);
  });

  test("joins again with what it owns when the group is shared out anew, and once more after giving back", async () => {
    const said = await outcome({
      heartbeats: [new RebalancingError("another has come")],
      assignments: [[0, 1], [0]],
    });
    const rounds = ["join m [0,1]", "own [0]", "join m [0]", "own [0]"];
    expect(said).toEqual(["join new []", "own [0,1]", ...rounds, "leave m", "close"]);
  });

  test("drops everything when the group went on without it, and comes back as a new one", async () => {
    const said = await outcome({
      heartbeats: [new NoLongerMemberError("too late")],
      assignments: [[0], [2]],
    });
    const again = ["expelled", "join new []", "own [2]"];
    expect(said).toEqual(["join new []", "own [0]", ...again, "leave m", "close"]);
  });

  test("keeps what it owns through an outage, and joins again under its name", async () => {
    const said = await outcome({ heartbeats: [new LogUnavailableError("no broker")], assignments: [[0]] });
    expect(said).toEqual(["join new []", "own [0]", "trouble", "join m [0]", "own [0]", "leave m", "close"]);
  });

  test("ends when the brokers refuse for good", async () => {
    const { membership, said } = play({ heartbeats: [new Error("not allowed")], assignments: [[0]] });
    await expect(membership.ended).rejects.toThrow("not allowed");
    expect(said.at(-1)).toBe("close");
  });
});
