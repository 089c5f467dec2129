import { expect, test } from "vitest";
import type { Effect } from "../../../../adapters/voicexml/dialog/effects.ts";
import type { SpeechRequest } from "../../../../domain/ports/speech.ts";
import { playScene } from "./play-document.ts";
import { ONE_TWO } from "./spec-cases.ts";

function prepared(effects: readonly Effect[]): readonly SpeechRequest[] {
  return effects.flatMap((effect) => (effect.type === "entered" ? effect.prompts : []));
}

function played(effects: readonly Effect[]): readonly SpeechRequest[] {
  const pieces = effects.flatMap((effect) => (effect.type === "play" ? effect.pieces : []));
  return pieces.flatMap((piece) =>
    piece.kind === "speech" ? [{ runs: piece.runs, lang: piece.lang, voice: piece.voice }] : [],
  );
}

test("what a document says to everybody is known when it is entered, exactly as it will be asked for", async () => {
  const body = `<form><block><prompt>Welcome, <prosody rate="slow">dear</prosody> friend.<break time="200ms"/></prompt></block>
    <field name="f">${ONE_TWO}<prompt xml:lang="en-GB">Press <say-as interpret-as="digits">12</say-as> or <sub alias="two">2</sub>.<desc>hidden</desc></prompt>
    <filled>Thank you.<if cond="f == 1"><prompt>One.</prompt></if></filled></field></form>`;
  const call = await playScene({ pages: { "/": body }, caller: ["1"] });
  expect(played(call.effects)).toHaveLength(4);
  expect(prepared(call.effects)).toEqual(played(call.effects));
});

test("what differs from caller to caller is not prepared", async () => {
  const body = `<form><block>You have <value expr="1"/> call. <prompt><audio src="a.wav">sound</audio></prompt><prompt><foreach item="x" array="[1]">x</foreach></prompt></block></form>`;
  const call = await playScene({ pages: { "/": body } });
  expect(prepared(call.effects)).toEqual([]);
});

test("a long document prepares its first prompts only", async () => {
  const call = await playScene({
    pages: {
      "/": `<form><block>${Array.from({ length: 60 }, (_, index) => `<prompt>number ${index}</prompt>`).join("")}</block></form>`,
    },
  });
  expect(prepared(call.effects)).toHaveLength(24);
});
