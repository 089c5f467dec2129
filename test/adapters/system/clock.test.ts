import { expect, test, vi } from "vitest";
import { createSystemClock } from "../../../adapters/system/clock.ts";
import { milliseconds } from "../../../domain/kernel/time.ts";

test("the wall clock is the machine's, the monotonic one never goes back", () => {
  const clock = createSystemClock();
  const first = clock.monotonic();
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
  expect(clock.monotonic()).toBeGreaterThanOrEqual(first);
});

test("what was scheduled runs once, also when its time has passed already", async () => {
  const ran = await new Promise((resolve) =>
    createSystemClock().schedule(milliseconds(-5), () => resolve("ran")),
  );
  expect(ran).toBe("ran");
});

test("a cancelled action does not run; one of more than 24 days waits all of them", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  try {
    const clock = createSystemClock();
    const ran: string[] = [];
    const cancel = clock.schedule(milliseconds(1_000), () => ran.push("cancelled"));
    clock.schedule(milliseconds(60 * 86_400_000), () => ran.push("sixty days"));
    cancel();
    vi.advanceTimersByTime(59 * 86_400_000);
    expect(ran).toEqual([]);
    vi.advanceTimersByTime(86_400_000);
    expect(ran).toEqual(["sixty days"]);
  } finally {
    vi.useRealTimers();
  }
});
