import { expect, test } from "vitest";
import { openapiDocument } from "../../adapters/http/openapi.ts";
import { problemCodes } from "../../adapters/http/problem.ts";
import requestSchema from "../../schemas/request.schema.json" with { type: "json" };
import { quotedIn, readGuide, readSource, sectionOf, tableRows } from "./guide.ts";

const guide = readGuide("senders.md");

function firstCells(heading: string): readonly string[] {
  return tableRows(sectionOf(guide, heading)).flatMap(([cell]) => quotedIn(cell ?? ""));
}

/** The members of a union of words in a source file. */
function wordsOf(path: string, type: string): readonly string[] {
  const union = new RegExp(`(?:type ${type} =|"?${type}"?:)([^;]+);`).exec(readSource(path))?.[1] ?? "";
  return [...union.matchAll(/"([^"]+)"/g)].map(([, word]) => word ?? "");
}

test("the guide for Senders lists every field of a Request and no other (B01)", () => {
  expect(firstCells("## The fields of a Request").toSorted()).toEqual(
    Object.keys(requestSchema.properties).toSorted(),
  );
});

test("the guide for Senders lists every problem code and no other", () => {
  expect(firstCells("## When the answer is no").toSorted()).toEqual(problemCodes().toSorted());
});

test("the guide for Senders explains every status and every outcome", () => {
  const outcomes = wordsOf("domain/session/outcome.ts", "CallOutcome");
  const statuses = wordsOf("domain/ports/queries.ts", "readonly status");
  expect(outcomes.length).toBeGreaterThan(10);
  expect(statuses.length).toBeGreaterThan(10);
  expect(firstCells("## Watching and undoing")).toEqual(
    expect.arrayContaining([...outcomes, ...statuses, "lost"]),
  );
});

test("the guide for Senders names every reason that policy can give", () => {
  const reasons = wordsOf("domain/policy/verdict.ts", "ReasonCode");
  expect(reasons.length).toBeGreaterThan(15);
  expect(quotedIn(sectionOf(guide, "## When the answer is no"))).toEqual(
    expect.arrayContaining([...reasons]),
  );
});

test("the guide for Senders knows every path of the API", () => {
  const { paths } = openapiDocument() as { readonly paths: object };
  const described = Object.keys(paths).filter((path) => path.startsWith("/v1/"));
  expect(described.length).toBeGreaterThan(3);
  for (const path of described) expect(guide).toContain(path);
});
