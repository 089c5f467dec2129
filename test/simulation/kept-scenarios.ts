/**
 * Scenarios that once showed a fault of the product, made small, with all that they need. A seed changes its meaning
 * when the drawing of scenarios changes; these do not.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Scenario } from "./scenario.ts";

export type KeptScenario = {
  /** What it broke, and what that turned out to be. */
  readonly invariant: string;
  readonly showed: string;
  readonly scenario: Scenario;
};

const FOLDER = new URL("./kept/", import.meta.url);

/** By file name, in its order. */
export function keptScenarios(): ReadonlyMap<string, KeptScenario> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
  return new Map(
    names
      .toSorted((one, other) => (one < other ? -1 : 1))
      .map((name) => [
        name.replace(".json", ""),
        JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as KeptScenario,
      ]),
  );
}
