import { expect, test } from "vitest";
import { exitOf, playScene, type Scene } from "./play-document.ts";
import { says } from "./spec-cases.ts";

async function fetched(scene: Scene) {
  const call = await playScene(scene);
  return call.effects.flatMap((effect) =>
    effect.type === "fetch" && !effect.url.endsWith("/")
      ? [[effect.kind, effect.timeoutMs, effect.maxAge, effect.maxStale]]
      : [],
  );
}

test("6.1.2: how fresh an answer must be is said by the element, else by the property of its kind", async () => {
  const body = `<property name="documentmaxage" value="60"/><property name="scriptmaxstale" value="5"/><property name="fetchtimeout" value="2s"/>
    <script src="a.js"/><form><block><data src="d.xml" maxage="0"/><goto next="b" maxstale="9" fetchtimeout="3s"/></block></form>`;
  expect(
    await fetched({
      pages: { "/": body, "/a.js": "var a;", "/d.xml": "<r/>", "/b": `<form><block/></form>` },
    }),
  ).toEqual([
    ["script", 2000, null, 5],
    ["data", 2000, 0, null],
    ["document", 3000, 60, 9],
  ]);
});

test("6.1.2: without a word about it HTTP decides", async () => {
  const grammar = says("x").replace("<grammar", '<grammar xmlns="http://www.w3.org/2001/06/grammar"');
  const body = `<form><field name="f"><grammar src="g.grxml"/></field></form>`;
  expect(await fetched({ pages: { "/": body, "/g.grxml": grammar }, caller: ["hangup"] })).toEqual([
    ["grammar", 7000, null, null],
  ]);
});

test("6.1.2: an age that is no number of seconds is error.semantic", async () => {
  const call = await playScene({
    pages: {
      "/": `<catch event="error"><exit expr="_event"/></catch><form><block><goto next="b" maxage="soon"/></block></form>`,
    },
  });
  expect(exitOf(call)).toBe("error.semantic");
});
