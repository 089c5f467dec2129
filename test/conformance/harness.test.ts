/** The harness itself: a wrong index must never look like a right product, nor stop the run. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { farEndKind, keysIn } from "./far-end.ts";
import { runSuite } from "./run-suite.ts";
import { runGrammars } from "./srgs-suite.ts";

const CONF = 'xmlns:conf="http://www.w3.org/2002/vxml-conformance"';
const PASSES = `<vxml version="2.0" xmlns="http://www.w3.org/2001/vxml" ${CONF}><form><block><conf:pass/></block></form></vxml>`;
const FAILS = PASSES.replace("<conf:pass/>", `<conf:fail reason="on purpose"/>`);

function grammar(out: string): string {
  return `#ABNF 1.0;\nroot $main;\nmeta "in.1" is "please go";\nmeta "out.1" is '${out}';\npublic $main = $<politeness.grxml#startPolite> go;`;
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "reveille-conformance-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function verdictOf(record: object, document = PASSES) {
  const folder = folderOf({
    "a.txml": document,
    "index.json": JSON.stringify([{ id: 1, start: "a.txml", ...record }]),
  });
  const [line] = await runSuite(folder);
  return line;
}

test("a document that says fail fails, once, with its reason", async () => {
  const line = await verdictOf({}, FAILS);
  expect(line).toMatchObject({ passed: false, reason: expect.stringContaining("on purpose") });
});

test.each([
  [{ verdict: "spectacular" }, "verdict"],
  [{ verdict: { heardBackwards: [] } }, "verdict"],
  [{ farEnd: "sings" }, "farEnd"],
  [{ farEnd: 7 }, "farEnd"],
  [{ caller: "silence" }, "caller"],
  [{ caller: [{ say: "yes" }] }, "caller"],
  [{ start: "gone.txml" }, "gone.txml"],
])("an index that says %j fails that test with a line that says so", async (record, word) => {
  expect(await verdictOf(record)).toMatchObject({
    usable: true,
    passed: false,
    reason: expect.stringContaining(word),
  });
});

test("a dependent that is missing is an answer of 404, unless the index calls the test unusable", async () => {
  const leads = PASSES.replace("<conf:pass/>", `<goto next="gone.txml"/>`);
  expect(await verdictOf({ missing: ["gone.txml"] }, leads)).toMatchObject({
    passed: false,
    reason: "error.badfetch.http.404",
  });
  expect(await verdictOf({ unusable: "a dependent file is missing" }, leads)).toMatchObject({
    usable: false,
  });
});

test("W3C's own layout is read from its manifest", async () => {
  const folder = folderOf({
    "manifest.xml": `<tests><test><assert id="19" spec="1.3.1">text</assert><start uri="19/19.txml" type="text/plain"/><dep uri="19/19b.txml"/></test>
      <test><assert id="20">text</assert><start uri="20/gone.txml"/></test></tests>`,
    "19/19.txml": PASSES.replace("<conf:pass/>", `<goto next="19b.txml"/>`),
    "19/19b.txml": PASSES,
  });
  const lines = await runSuite(folder);
  expect(lines.map((line) => [line.test.id, line.passed])).toEqual([
    ["19", true],
    ["20", false],
  ]);
});

test("grammars are counted beside the documents, and a wrong parse fails", () => {
  const right = '$main[$<politeness.grxml#startPolite>["please"],"go"]';
  const folder = folderOf({
    "srgs10/a.gram": grammar(right),
    "srgs10/b.gram": grammar('$main["go"]'),
    "srgs10/c.gram": "#ABNF 1.0;\nroot $r;\n$r = x;",
  });
  expect(runGrammars(folder).map((line) => line.passed)).toEqual([true, false, false]);
});

test("the called party's doings are known by their words", () => {
  const words = [
    "accepts-blind",
    "never-answers",
    "answers-and-stays",
    "network-busy",
    "busy",
    "far-end-hangs-up",
    "caller-hangs-up",
  ];
  expect(words.map(farEndKind)).toEqual([
    "answers",
    "noanswer",
    "answers-and-stays",
    "network_busy",
    "busy",
    "far_end_disconnect",
    "caller-hangup",
  ]);
});

test("keys are read however they are written", () => {
  expect(["press 1", "dtmf-1 dtmf-2", "12#", "press 1 2", "one"].map(keysIn)).toEqual([
    "1",
    "12",
    "12#",
    "12",
    null,
  ]);
});
