import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { PLANTED_BUGS } from "../simulation/planted-bugs.ts";
import { quotedIn, readGuide, sectionOf, tableRows } from "./guide.ts";

const guide = readGuide("simulation.md");

test("the page on the simulator lists every planted bug, and none that there is not", () => {
  const listed = tableRows(sectionOf(guide, "## Planted bugs")).map(([bug]) => bug);
  expect(new Set(listed)).toEqual(new Set(Object.keys(PLANTED_BUGS)));
  expect(listed).toHaveLength(Object.keys(PLANTED_BUGS).length);
});

test("the page on the simulator names files that there are, and every invariant", () => {
  const rows = tableRows(sectionOf(guide, "## Invariants"));
  expect(rows.map(([number]) => number)).toEqual(Array.from({ length: 16 }, (_, index) => `I${index + 1}`));
  const named = rows.flatMap(([, , where]) => quotedIn(where ?? ""));
  const missing = named.filter((file) => !existsSync(new URL(`../simulation/${file}`, import.meta.url)));
  expect(missing).toEqual([]);
});
