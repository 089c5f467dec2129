import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

// The door is plain JavaScript without declarations, because it runs under whatever Node a machine has.
type Door = {
  readonly DOOR_NODE_MAJOR_MIN: number;
  readonly NODE_MAJOR_MIN: number;
  nodeProblem(version: string, hasOwn: boolean): string | null;
};
const DOOR = new URL("../../bin/ensure-installed.mjs", import.meta.url).href;
const { DOOR_NODE_MAJOR_MIN, NODE_MAJOR_MIN, nodeProblem }: Door = await import(DOOR);

test.each([
  ["a Node that runs TypeScript needs nothing else", "24.1.0", false],
  ["a newer one neither", "26.0.0", false],
  ["an older one is enough where the project's own lies ready", "20.19.2", true],
])("%s", (_what, version, hasOwn) => {
  expect(nodeProblem(version, hasOwn)).toBeNull();
});

test("an older Node without the project's own is told what is missing, and how to get it", () => {
  const problem = nodeProblem("20.19.2", false);
  expect(problem).toContain(`needs Node ${NODE_MAJOR_MIN}, found 20.19.2`);
  expect(problem).toContain("npm rebuild node");
});

test("a Node that is too old for the door itself is told so, even with the project's own", () => {
  expect(nodeProblem("18.20.0", true)).toContain(`install Node ${DOOR_NODE_MAJOR_MIN} or newer`);
});

test("the oldest Node that the door takes is the one that package.json names", () => {
  const { engines } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(engines.node).toBe(`>=${DOOR_NODE_MAJOR_MIN}.0.0`);
});
