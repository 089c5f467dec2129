/** The waiting state against a virtual clock: keys, timers and barge-in to the millisecond. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createDialog } from "../../../../adapters/voicexml/dialog/dialog.ts";
import type { Effect, Input } from "../../../../adapters/voicexml/dialog/effects.ts";
import { compileDocument } from "../../../../adapters/voicexml/document/voice-document.ts";
import { createRealm } from "../../../../adapters/voicexml/script/realm.ts";
import { instant } from "../../../../domain/kernel/time.ts";
import type { Digit } from "../../../../domain/ports/telephony.ts";
import { vxml } from "./play-document.ts";

type Body<T> = T extends Input ? Omit<T, "now" | "wall"> : never;

/** A dialog under the hands of a test: every input at the time that the test says. */
async function openDialog(body: string) {
  const realm = await createRealm({ seed: 1, now: instant(0) });
  const start = {
    document: { kind: "inline", text: vxml(body), url: "reveille:inline/test" },
    session: {},
    defaults: null,
    hearsSpeech: true,
    limits: {},
  } as const;
  const dialog = createDialog(start, realm, compileDocument);
  const send = (now: number, input: Body<Input>): readonly Effect[] =>
    dialog.step({ ...input, now, wall: now });
  return {
    send,
    press: (now: number, digit: Digit) => send(now, { type: "digit", digit }),
    played: (now: number, effects: readonly Effect[]) =>
      send(now, { type: "played", id: idOf(effects, "play"), bargedIn: false, markName: null, markMs: 0 }),
    timer: (now: number, effects: readonly Effect[]) =>
      send(now, { type: "timer", id: idOf(effects, "set-timer") }),
    start: () => send(0, { type: "start" }),
  };
}

function idOf(effects: readonly Effect[], type: "play" | "set-timer"): number {
  const found = effects.findLast((effect) => effect.type === type);
  if (found === undefined || !("id" in found)) throw new Error(`no ${type} among ${JSON.stringify(effects)}`);
  return found.id;
}

function timerMs(effects: readonly Effect[]): number | null {
  const found = effects.findLast((effect) => effect.type === "set-timer");
  return found?.type === "set-timer" ? found.afterMs : null;
}

function types(effects: readonly Effect[]): readonly string[] {
  return effects.map((effect) => effect.type);
}

function exit(effects: readonly Effect[]): unknown {
  const last = effects.at(-1);
  return last?.type === "ended" && last.end.value !== null ? JSON.parse(last.end.value) : null;
}

const UP_TO_4 = `<form><field name="f" type="digits?minlength=2;maxlength=4"><prompt>Digits?</prompt>
  <filled><exit expr="f"/></filled><nomatch><exit expr="'nomatch'"/></nomatch><noinput><exit expr="'noinput'"/></noinput></field></form>`;

test("noinput counts from the end of the prompt, by the timeout property", async () => {
  const dialog = await openDialog(`<property name="timeout" value="7s"/>${UP_TO_4}`);
  const playing = dialog.start();
  expect(timerMs(playing)).toBeNull();
  const waiting = dialog.played(1_000, playing);
  expect(timerMs(waiting)).toBe(7_000);
  expect(exit(dialog.timer(8_000, waiting))).toBe("noinput");
});

test("the timeout of the last prompt wins over the property", async () => {
  const dialog = await openDialog(UP_TO_4.replace("<prompt>", `<prompt timeout="250ms">`));
  expect(timerMs(dialog.played(1, dialog.start()))).toBe(250);
});

test("a key ends the prompt at once, and the rest of the keys have the interdigit time each", async () => {
  const dialog = await openDialog(UP_TO_4);
  dialog.start();
  const first = dialog.press(10, "1");
  expect(types(first)).toEqual(["stop-play", "set-timer"]);
  expect(timerMs(first)).toBe(3_000);
  const second = dialog.press(20, "2");
  expect(types(second)).toEqual(["cancel-timer", "set-timer"]);
  expect(exit(dialog.timer(3_020, second))).toBe("12");
});

test("the last key that a grammar can take is the end, without waiting", async () => {
  const dialog = await openDialog(UP_TO_4);
  dialog.start();
  for (const digit of ["1", "2", "3"] as const) dialog.press(10, digit);
  expect(exit(dialog.press(10, "4"))).toBe("1234");
});

test("the terminating key ends what is complete, and fails what is not", async () => {
  const complete = await openDialog(UP_TO_4);
  complete.start();
  complete.press(1, "1");
  complete.press(2, "2");
  expect(exit(complete.press(3, "#"))).toBe("12");
  const short = await openDialog(UP_TO_4);
  short.start();
  short.press(1, "1");
  expect(exit(short.press(3, "#"))).toBe("nomatch");
});

test("too few keys are no match when the interdigit time is over", async () => {
  const dialog = await openDialog(UP_TO_4);
  dialog.start();
  expect(exit(dialog.timer(3_000, dialog.press(1, "1")))).toBe("nomatch");
});

test("a termtimeout waits for the terminating key after the last one", async () => {
  const dialog = await openDialog(`<property name="termtimeout" value="2s"/>${UP_TO_4}`);
  dialog.start();
  for (const digit of ["1", "2", "3"] as const) dialog.press(10, digit);
  const last = dialog.press(10, "4");
  expect(timerMs(last)).toBe(2_000);
  expect(exit(dialog.press(20, "#"))).toBe("1234");
});

test("keys pressed while a document is fetched are kept, and the prompt is not played then", async () => {
  const dialog = await openDialog(`<form id="a"><block><goto next="http://example.test/b"/></block></form>`);
  const fetching = dialog.start().find((effect) => effect.type === "fetch");
  for (const digit of ["1", "2", "3", "4"] as const) expect(dialog.press(5, digit)).toEqual([]);
  const answer = {
    ok: true,
    url: "http://example.test/b",
    status: 200,
    contentType: null,
    charset: null,
    bytes: new TextEncoder().encode(vxml(UP_TO_4)),
  } as const;
  const effects = dialog.send(9, {
    type: "fetched",
    id: fetching?.type === "fetch" ? fetching.id : 0,
    answer,
  });
  expect(types(effects)).not.toContain("play");
  expect(exit(effects)).toBe("1234");
});

test("a prompt without barge-in is heard to its end, and keys during it count for nothing", async () => {
  const dialog = await openDialog(UP_TO_4.replace("<prompt>", `<prompt bargein="false">`));
  const playing = dialog.start();
  expect(playing.find((effect) => effect.type === "play")).toMatchObject({ bargein: false });
  expect(dialog.press(5, "1")).toEqual([]);
  const waiting = dialog.played(10, playing);
  expect(types(waiting)).toEqual(["set-timer"]);
  expect(exit(dialog.timer(5_010, waiting))).toBe("noinput");
});

test("the keys that follow a wrong one are no answer to the question that comes next", async () => {
  const dialog = await openDialog(`<form><field name="f"><prompt>One?</prompt>
    <grammar mode="dtmf" version="1.0" root="r"><rule id="r">1</rule></grammar>
    <filled><exit expr="f"/></filled><nomatch><reprompt/></nomatch></field></form>`);
  dialog.start();
  const again = dialog.press(100, "9");
  expect(types(again)).toContain("no-match");
  expect(dialog.press(200, "1")).toEqual([]);
  dialog.played(900, again);
  expect(exit(dialog.press(1_000, "1"))).toBe("1");
});

test("a hang-up in the waiting state is thrown at once, and nothing is played after it", async () => {
  const dialog = await openDialog(
    `<catch event="connection.disconnect.hangup">Goodbye<exit expr="_event"/></catch>${UP_TO_4}`,
  );
  dialog.played(1, dialog.start());
  const effects = dialog.send(2, { type: "hangup" });
  expect(types(effects)).not.toContain("play");
  expect(exit(effects)).toBe("connection.disconnect.hangup");
});

test("a hang-up during a fetch waits until the dialog would wait for the caller", async () => {
  const dialog = await openDialog(
    `<catch event="connection.disconnect"><exit expr="_event"/></catch>
     <form><block><script src="http://example.test/x.js"/></block><field name="f" type="digits"/></form>`,
  );
  const fetching = dialog.start().find((effect) => effect.type === "fetch");
  expect(dialog.send(1, { type: "hangup" })).toEqual([]);
  const answer = {
    ok: true,
    url: "",
    status: 200,
    contentType: null,
    charset: null,
    bytes: new Uint8Array(),
  } as const;
  const effects = dialog.send(2, {
    type: "fetched",
    id: fetching?.type === "fetch" ? fetching.id : 0,
    answer,
  });
  expect(exit(effects)).toBe("connection.disconnect.hangup");
});

test("words below the confidence level are no match", async () => {
  const dialog = await openDialog(`<form><field name="f"><prompt>Yes?</prompt>
    <grammar mode="voice" version="1.0" root="r"><rule id="r">yes</rule></grammar>
    <filled><exit expr="'heard'"/></filled><nomatch><exit expr="'unsure'"/></nomatch></field></form>`);
  dialog.start();
  expect(exit(dialog.send(1, { type: "words", words: "yes", confidence: 0.4 }))).toBe("unsure");
});

const anyInput: fc.Arbitrary<Body<Input>> = fc.oneof(
  fc.constantFrom<Digit>("1", "2", "#", "*").map((digit) => ({ type: "digit", digit }) as const),
  fc.record({ type: fc.constant("timer" as const), id: fc.integer({ min: 0, max: 12 }) }),
  fc.record({
    type: fc.constant("played" as const),
    id: fc.integer({ min: 0, max: 12 }),
    bargedIn: fc.boolean(),
    markName: fc.constant(null),
    markMs: fc.constant(0),
  }),
  fc.record({
    type: fc.constant("words" as const),
    words: fc.constantFrom("", "yes"),
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.constant({ type: "hangup" } as const),
);

test("whatever comes in whatever order, a step answers with effects and never throws; the end comes once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyInput, { maxLength: 30 }), async (inputs) => {
      const dialog = await openDialog(UP_TO_4.replaceAll(/<exit expr="'no\w+'"\/>/g, "<reprompt/>"));
      const all = [...dialog.start(), ...inputs.flatMap((input, index) => dialog.send(index, input))];
      expect(all.filter((effect) => effect.type === "ended").length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 60 },
  );
});
