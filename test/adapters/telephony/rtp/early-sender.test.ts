import fc from "fast-check";
import { expect, test } from "vitest";
import { createEarlySender } from "../../../../adapters/telephony/rtp/early-sender.ts";
import { createWheel } from "../../../../adapters/telephony/rtp/wheel.ts";

type Sent = { readonly atMs: number; readonly grid: number };

/** A call whose own turn is at 0, 20, 40 ms ...; `speak` asks for so many packets of prompt. */
function bench() {
  let nowMs = 0;
  const wheel = createWheel({ now: () => nowMs, onTurn: () => undefined });
  const sent: Sent[] = [];
  let left = 0;
  const send = (): void => {
    left = Math.max(0, left - 1);
    // The timestamp, in frames: it counts packets, since none is skipped.
    sent.push({ atMs: nowMs, grid: sent.length * 20 });
  };
  const early = createEarlySender({ wheel, isIdle: () => left === 0, send });
  wheel.join({
    turn(turnMs) {
      if (!early.covers(turnMs)) send();
    },
  });
  return {
    sent,
    wheel,
    run(ms: number) {
      const endMs = nowMs + ms;
      while (nowMs < endMs) {
        const waitMs = wheel.advance() ?? ms;
        nowMs = Math.min(endMs, nowMs + Math.max(0.5, waitMs));
      }
    },
    speak(frames: number) {
      left = frames;
      early.begin();
    },
  };
}

test("the first packet of a prompt leaves at the next slot of 5 ms, and the rest in step with it", () => {
  const { sent, run, speak } = bench();
  run(101);
  const before = sent.length;
  speak(3);
  run(100);
  const [first, second, third] = sent.slice(before);
  expect((first?.atMs ?? 0) - 101).toBeLessThanOrEqual(5);
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(20);
  expect((third?.atMs ?? 0) - (second?.atMs ?? 0)).toBe(20);
});

test("after the prompt the call's own turn goes on where it would have been, alone on the wheel", () => {
  const { sent, run, speak, wheel } = bench();
  run(101);
  speak(3);
  run(500);
  expect(wheel.size).toBe(1);
  expect(sent.at(-1)).toMatchObject({ atMs: 600, grid: 600 });
});

test("however prompts come, no packet leaves late, twice, or more than 20 ms before its turn", () => {
  const moments = fc.array(
    fc.record({ afterMs: fc.integer({ min: 0, max: 90 }), frames: fc.integer({ min: 0, max: 6 }) }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(moments, (prompts) => {
      const { sent, run, speak } = bench();
      for (const { afterMs, frames } of prompts) {
        run(afterMs);
        speak(frames);
      }
      run(200);
      for (const { atMs, grid } of sent) {
        expect(atMs).toBeLessThanOrEqual(grid + 1);
        expect(atMs).toBeGreaterThan(grid - 20);
      }
    }),
  );
});
