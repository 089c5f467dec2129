import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

type Package = {
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};
const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")) as {
  readonly packages: Readonly<Record<string, Package>>;
};
const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as Readonly<
  Record<string, Readonly<Record<string, string>>>
>;

test("every optional platform package stands in the lock file, or npm ci refuses it on other machines", () => {
  const known = Object.keys(lock.packages);
  const missing = Object.entries(lock.packages).flatMap(([name, { optionalDependencies }]) =>
    Object.keys(optionalDependencies ?? {})
      .filter((wanted) => !known.some((path) => path.endsWith(`node_modules/${wanted}`)))
      .map((wanted) => `${wanted}, wanted by ${name === "" ? "this project" : name}`),
  );
  expect(missing).toEqual([]);
});

test("every dependency is pinned to one version", () => {
  const loose = ["dependencies", "devDependencies", "optionalDependencies"].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {}).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
  );
  expect(loose).toEqual([]);
});

test("the lock file names no registry", () => {
  const text = readFileSync(new URL("../package-lock.json", import.meta.url), "utf8");
  expect(/"resolved":/.test(text)).toBe(false);
});
