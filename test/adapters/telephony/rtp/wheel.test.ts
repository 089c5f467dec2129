import { expect, test } from "vitest";
import {
  createWheel,
  SLIP_MS,
  type Wheel,
  type WheelMember,
} from "../../../../adapters/telephony/rtp/wheel.ts";

type Turn = { readonly atMs: number; readonly lost: number };

function bench(): {
  readonly wheel: Wheel;
  readonly lateness: number[];
  readonly join: () => { readonly turns: Turn[]; readonly member: WheelMember };
  /** Time goes on; the thread wakes when the wheel asked for it. */
  readonly run: (lengthMs: number) => void;
  /** Time goes on while the thread is blocked. */
  readonly block: (lengthMs: number) => void;
} {
  let nowMs = 1_000;
  const lateness: number[] = [];
  const wheel = createWheel({ now: () => nowMs, onTurn: (late) => lateness.push(late) });
  return {
    wheel,
    lateness,
    join() {
      const turns: Turn[] = [];
      const member = { turn: (atMs: number, lost: number) => void turns.push({ atMs: atMs - 1_000, lost }) };
      wheel.join(member);
      return { turns, member };
    },
    run(lengthMs) {
      const endMs = nowMs + lengthMs;
      while (nowMs < endMs) {
        const waitMs = wheel.advance() ?? lengthMs;
        nowMs = Math.min(endMs, nowMs + Math.max(1, waitMs));
      }
    },
    block(lengthMs) {
      nowMs += lengthMs;
    },
  };
}

test("each call sends every 20 ms", () => {
  const { join, run } = bench();
  const calls = Array.from({ length: 10 }, () => join());
  run(1_000);
  for (const { turns } of calls) {
    expect(turns).toHaveLength(50);
    expect(turns.every(({ lost }) => lost === 0)).toBe(true);
    expect(turns.slice(1).every(({ atMs }, i) => atMs - (turns[i]?.atMs ?? 0) === 20)).toBe(true);
  }
});

test("calls are spread over the four slots, also after some have left", () => {
  const { wheel, join, run } = bench();
  const calls = Array.from({ length: 8 }, () => join());
  for (const { member } of calls.slice(0, 4)) wheel.leave(member);
  const late = Array.from({ length: 4 }, () => join());
  run(20);
  const phases = [...calls.slice(4), ...late].map(({ turns }) => turns[0]?.atMs ?? -1);
  expect(phases.toSorted((a, b) => a - b)).toEqual([0, 0, 5, 5, 10, 10, 15, 15]);
});

test("a thread that wakes late catches up, and is on time afterwards", () => {
  const { join, run, block } = bench();
  const { turns } = join();
  run(100);
  block(45);
  run(100);
  expect(turns.reduce((sum, { lost }) => sum + lost, 0)).toBe(0);
  expect(turns.at(-1)?.atMs).toBe(240);
  expect(turns).toHaveLength(13);
});

test("a thread blocked for longer than 60 ms skips what is too late, and tells each call how much", () => {
  const { join, run, block, lateness } = bench();
  const calls = Array.from({ length: 4 }, () => join());
  run(100);
  block(150);
  run(100);
  for (const { turns } of calls) {
    const lost = turns.map(({ lost: frames }) => frames);
    expect(Math.max(...lost)).toBeGreaterThanOrEqual(7);
    expect(Math.max(...lost)).toBeLessThanOrEqual(8);
    // Nothing is lost without being told: sent and skipped make up the time.
    expect(turns.length + lost.reduce((sum, frames) => sum + frames, 0)).toBeGreaterThanOrEqual(17);
    expect(turns.length + lost.reduce((sum, frames) => sum + frames, 0)).toBeLessThanOrEqual(18);
  }
  expect(Math.max(...lateness)).toBeLessThanOrEqual(SLIP_MS);
});

test("a wheel with nobody aboard stands still, and starts without a burst", () => {
  const { wheel, join, run, block, lateness } = bench();
  expect(wheel.advance()).toBeNull();
  block(10_000);
  const { turns } = join();
  run(20);
  expect(turns).toHaveLength(1);
  expect(Math.max(...lateness)).toBe(0);
});

test("whoever cannot wait is aboard from the next slot on, and every 20 ms from there", () => {
  const { wheel, join, run } = bench();
  join();
  run(101);
  const turns: number[] = [];
  wheel.joinNext({ turn: (atMs, lost) => void turns.push(atMs - 1_000, lost) });
  run(45);
  expect(turns).toEqual([105, 0, 125, 0, 145, 0]);
});

test("a crowd that cannot wait is spread, so that no slot becomes a burst", () => {
  const { wheel, run } = bench();
  const counts = new Map<number, number>();
  for (let n = 0; n < 400; n += 1) {
    wheel.joinNext({
      turn: (atMs) => void counts.set((atMs - 1_000) % 20, (counts.get((atMs - 1_000) % 20) ?? 0) + 1),
    });
  }
  run(19);
  expect([...counts.values()].reduce((sum, count) => sum + count)).toBe(400);
  expect(Math.max(...counts.values())).toBeLessThan(150);
});
