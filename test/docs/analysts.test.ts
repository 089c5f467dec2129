import { expect, test } from "vitest";
import { CALL_ACCOUNTING } from "../../projections/reports/call-accounting.ts";
import { PUBLIC_VIEWS } from "../../projections/reports/tables.ts";
import { quotedIn, readGuide, readSource, sectionOf, tableRows } from "./guide.ts";

const guide = readGuide("analysts.md");

test.each(
  PUBLIC_VIEWS.map((view) => [view.name, view] as const),
)("the guide for analysts describes every column of %s as the view itself does (N17)", (name, view) => {
  const section = sectionOf(guide, `### ${name}`);
  expect(section).toContain(`${view.meaning}.`);
  expect(tableRows(section)).toEqual(
    view.columns.map((column) => [`\`${column.name}\``, column.type, column.meaning]),
  );
});

test("the guide for analysts describes no view that there is not", () => {
  const described = [...guide.matchAll(/^### (v_\w+)$/gm)].map(([, name]) => name);
  expect(described).toEqual(PUBLIC_VIEWS.map(({ name }) => name));
});

test("the guide for analysts lists the reports that are served (N04)", () => {
  const list = /const REPORTS[^=]*= \[([^\]]*)\]/.exec(readSource("services/reporting.ts"))?.[1] ?? "";
  const served = list.split(",").filter((entry) => entry.trim() !== "").length;
  const rows = tableRows(sectionOf(guide, "## Reports")).map(([cell]) => quotedIn(cell ?? "")[0]);
  expect(rows).toHaveLength(served);
  expect(rows).toContain(CALL_ACCOUNTING.name);
});
