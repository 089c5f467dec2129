/** Every limit of a dialog, reached: the event comes once, the second breach ends the call. */
import { expect, test } from "vitest";
import { exitOf, playScene, type Scene } from "./play-document.ts";

const CAUGHT = `<catch event="error.com.reveille.limit"><exit expr="_event"/></catch>`;

const cases: readonly (readonly [string, Scene])[] = [
  [
    "transitions",
    {
      pages: { "/": `${CAUGHT}<form id="a"><block><goto next="#a"/></block></form>` },
      limits: { idleTurnsMax: 50 },
    },
  ],
  [
    "documents",
    {
      pages: { "/": `${CAUGHT}<form><block><goto next="/"/></block></form>` },
      limits: { documentsMax: 10 },
    },
  ],
  [
    "subdialogs",
    {
      pages: { "/": `${CAUGHT}<form id="a"><subdialog name="s" src="#a"/></form>` },
      limits: { subdialogDepthMax: 3 },
    },
  ],
  [
    "prompts",
    {
      pages: { "/": `${CAUGHT}<form><block>${"<prompt>ten letter</prompt>".repeat(20)}</block></form>` },
      limits: { queuedCharactersMax: 100 },
    },
  ],
  [
    "elements",
    {
      pages: {
        "/": `${CAUGHT}<form><block><foreach item="a" array="[1,2,3,4,5,6,7,8,9]"><foreach item="b" array="[1,2,3,4,5,6,7,8,9]"><log/></foreach></foreach></block></form>`,
      },
      limits: { elementsPerStepMax: 50 },
    },
  ],
];

test.each(cases)("too many %s throw an event that the document may answer", async (name, scene) => {
  expect(exitOf(await playScene(scene))).toBe(`error.com.reveille.limit.${name}`);
});

test("a document that answers a limit by going on is ended at the second breach", async () => {
  const call = await playScene({
    pages: {
      "/": `<catch event="error"><goto next="#a"/></catch><form id="a"><block><goto next="#a"/></block></form>`,
    },
    limits: { idleTurnsMax: 50 },
  });
  expect(call.end).toMatchObject({ kind: "limit", event: "error.com.reveille.limit.transitions" });
});

test("a handler that throws what it handles is ended", async () => {
  const call = await playScene({
    pages: {
      "/": `<catch event="own"><throw event="own"/></catch><form><block><throw event="own"/></block></form>`,
    },
    limits: { nestedEventsMax: 5 },
  });
  expect(call.end).toMatchObject({ kind: "limit", event: "own" });
});

test("log lines beyond the limit are dropped, and long ones cut", async () => {
  const call = await playScene({
    pages: { "/": `<form><block><log>long text</log><log>b</log><log>c</log></block></form>` },
    limits: { logLinesMax: 2, logCharactersMax: 4 },
  });
  const lines = call.effects.flatMap((effect) => (effect.type === "log" ? [effect.text] : []));
  expect(lines).toEqual(["long", "b"]);
});

test("an exit value that is too long is error.semantic", async () => {
  const call = await playScene({
    pages: {
      "/": `<catch event="error.semantic"><exit expr="'refused'"/></catch><form><block><exit expr="'0123456789'"/></block></form>`,
    },
    limits: { exportCharactersMax: 11 },
  });
  expect(exitOf(call)).toBe("refused");
});

test("a caller who never says anything is let go by the defaults at the fifth silence", async () => {
  const call = await playScene({
    pages: {
      "/": `<form><field name="f" type="digits"><prompt>Digits?</prompt></field></form>`,
    },
  });
  expect(call.effects.filter((effect) => effect.type === "no-input")).toHaveLength(5);
  expect(call.end).toMatchObject({ kind: "exit", event: "noinput" });
});
