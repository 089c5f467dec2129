import { expect, test } from "vitest";
import { EXPORT_KIND, LEFT_OUT_PER_LINE_MAX } from "../../domain/audit/export-file.ts";
import { FINDINGS } from "../../domain/audit/finding.ts";
import { BUCKET_OFFSETS } from "../../projections/reports/row-sums.ts";
import { readGuide, sectionOf, tableRows } from "./guide.ts";

const guide = readGuide("auditors.md");

test("the guide for auditors lists every finding with its weight and its meaning", () => {
  const rows = tableRows(sectionOf(guide, "## Is the log whole and untouched?"));
  expect(rows).toEqual(
    Object.entries(FINDINGS).map(([code, { severity, means }]) => [`\`${code}\``, severity, means]),
  );
});

test("the guide for auditors tells the figures and names of an export as they are", () => {
  const exports = sectionOf(guide, "## Exports");
  expect(exports).toContain(`\`${EXPORT_KIND}\``);
  expect(exports).toContain(`at most ${LEFT_OUT_PER_LINE_MAX.toLocaleString("en")}`);
  expect(sectionOf(guide, "## Is the log whole and untouched?")).toContain(
    `stretches of ${BUCKET_OFFSETS.toLocaleString("en")} offsets`,
  );
});
