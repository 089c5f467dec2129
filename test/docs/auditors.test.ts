import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readGuide, sectionOf, tableRows } from "./guide.ts";

const guide = readGuide("auditors.md");
const folder = new URL("../../schemas/events/", import.meta.url);

type Schema = {
  readonly name: string;
  readonly doc: string;
  readonly fields: readonly { readonly name: string }[];
};

function byName(one: string, other: string): number {
  return one < other ? -1 : 1;
}

/** The newest version of each event's schema. */
function eventSchemas(): readonly Schema[] {
  const newest = new Map<string, { readonly version: number; readonly file: string }>();
  for (const file of readdirSync(folder).toSorted(byName)) {
    const [, name = "", version = ""] = /^(\w+)\.v(\d+)\.avsc$/.exec(file) ?? [];
    if (Number(version) > (newest.get(name)?.version ?? 0))
      newest.set(name, { version: Number(version), file });
  }
  return [...newest.values()].map(
    ({ file }) => JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Schema,
  );
}

test("the guide for auditors lists every event with its meaning and fields as its schema does", () => {
  const rows = tableRows(sectionOf(guide, "## The events"));
  const expected = eventSchemas().map(({ name, doc, fields }) => [
    `\`${name}\``,
    doc,
    fields.map((field) => `\`${field.name}\``).join(" "),
  ]);
  expect(rows).toEqual(expected);
});

test("the guide for auditors lists every topic of the log", () => {
  const topics = readdirSync(new URL("../", folder), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const rows = tableRows(sectionOf(guide, "## The topics")).map(([topic]) => topic);
  expect(new Set(rows)).toEqual(new Set(topics.map(({ name }) => `\`${name}\``)));
  expect(rows).toHaveLength(topics.length);
});
