import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { runSuite } from "./run-suite.ts";
import { runGrammars } from "./srgs-suite.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = resolve(root, process.env["VXML_IR_DIR"] ?? "../shared/vxml-ir");

/** Ids that the recorded run did not pass; all others of the data folder must pass. */
type Expected = { readonly failing: readonly string[]; readonly failingGrammars: readonly string[] };

function readExpected(): Expected {
  // oxlint-disable-next-line no-unsafe-type-assertion -- our own file
  return JSON.parse(readFileSync(resolve(import.meta.dirname, "expected.json"), "utf8")) as Expected;
}

function requireData(ctx: { skip(reason: string): void }): void {
  if (existsSync(folder)) return;
  if (process.env["VXML_IR_REQUIRED"] === "1") throw new Error(`W3C IR data not found in ${folder}`);
  ctx.skip(`W3C IR data not found in ${folder}: 0 run`);
}

test("the W3C documents for VoiceXML do what they did when last recorded", async (ctx) => {
  requireData(ctx);
  const lines = (await runSuite(folder)).filter((line) => line.usable);
  expect(lines.length, "the data folder holds no test at all").toBeGreaterThan(0);
  const failing = lines.filter((line) => !line.passed).map((line) => line.test.id);
  expect(failing).toEqual(readExpected().failing.filter((id) => lines.some((line) => line.test.id === id)));
});

test("the W3C grammars of SRGS are parsed as they state", (ctx) => {
  requireData(ctx);
  const lines = runGrammars(folder);
  if (lines.length === 0) ctx.skip(`no folder srgs… in ${folder}: 0 run`);
  const failing = lines.filter((line) => !line.passed).map((line) => line.file);
  expect(failing).toEqual(readExpected().failingGrammars);
});
