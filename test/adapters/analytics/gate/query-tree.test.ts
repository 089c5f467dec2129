import { expect, test } from "vitest";
import { judgeTree, TREE_LINES_MAX } from "../../../../adapters/analytics/gate/query-tree.ts";

const HARMLESS = ["QUERY id: 0", "  JOIN TREE", "    IDENTIFIER id: 1, identifier: reveille.v_calls"];

test("a tree of open things is let through", () => {
  expect(() => judgeTree(HARMLESS)).not.toThrow();
});

test("what a newer engine calls by a new name is closed until somebody has looked at it", () => {
  expect(() => judgeTree([...HARMLESS, "  TELEPORT id: 2, target: elsewhere"])).toThrow("does not know");
  expect(() => judgeTree([...HARMLESS, "  FUNCTION id: 2, function_name: readsYourMind"])).toThrow(
    "not open",
  );
});

function call(name: string): string[] {
  return ["QUERY id: 0", `  FUNCTION id: 1, function_name: ${name}, function_type: ordinary`];
}

test("a suffix of an aggregate changes nothing about its name", () => {
  expect(() => judgeTree(call("sumArrayIf"))).not.toThrow();
  expect(() => judgeTree(call("anyLast_respect_nulls"))).not.toThrow();
  expect(() => judgeTree(call("fileIf"))).toThrow("not open");
});

test("a tree beyond its limit is not judged", () => {
  const lines = Array.from({ length: TREE_LINES_MAX + 1 }, () => "    LIST id: 3, nodes: 0");
  expect(() => judgeTree(lines)).toThrow("too large");
});
