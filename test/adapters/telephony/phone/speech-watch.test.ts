import { expect, test } from "vitest";
import { createSpeechWatch } from "../../../../adapters/telephony/phone/speech-watch.ts";

type Watch = ReturnType<typeof createSpeechWatch>;

function hear(watch: Watch, kind: "loud" | "quiet", frames: number): readonly (string | null)[] {
  const frame = new Int16Array(160).fill(kind === "loud" ? 2_000 : 20);
  return Array.from({ length: frames }, () => watch.hear(frame));
}

test("speech starts with 60 ms of sound, and stops after 400 ms without", () => {
  const watch = createSpeechWatch();
  expect(hear(watch, "loud", 3)).toEqual([null, null, "started"]);
  expect(hear(watch, "quiet", 20)).toEqual([...Array<null>(19).fill(null), "stopped"]);
});

test("a click is no speech, and a pause between words no end", () => {
  const watch = createSpeechWatch();
  expect([...hear(watch, "loud", 2), ...hear(watch, "quiet", 50)].every((change) => change === null)).toBe(
    true,
  );
  hear(watch, "loud", 10);
  expect([...hear(watch, "quiet", 15), ...hear(watch, "loud", 5)].every((change) => change === null)).toBe(
    true,
  );
});

test("quiet is counted from the end of what was heard, and not before anything was", () => {
  const watch = createSpeechWatch();
  hear(watch, "quiet", 100);
  expect(watch.quietMs).toBeNull();
  hear(watch, "loud", 10);
  expect(watch.quietMs).toBeNull();
  hear(watch, "quiet", 5);
  expect(watch.quietMs).toBe(100);
});

test("after a key, the end of the prompt that it cut short is no new prompt", () => {
  const watch = createSpeechWatch();
  hear(watch, "loud", 50);
  watch.forget();
  hear(watch, "loud", 5);
  hear(watch, "quiet", 30);
  expect(watch.quietMs).toBeNull();
  hear(watch, "loud", 5);
  hear(watch, "quiet", 1);
  expect(watch.quietMs).toBe(20);
});
