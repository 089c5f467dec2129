/** The image has what the program needs, runs it as nobody special, and has nothing of a house in it. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { OURS } from "./composition.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const steps = readFileSync(join(ROOT, "deploy/Dockerfile"), "utf8")
  .replaceAll(/^#.*\n/gm, "")
  .replaceAll("\\\n", " ")
  .split("\n")
  .filter((step) => step !== "");
const kept = readFileSync(join(ROOT, ".dockerignore"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("!"))
  .map((line) => line.slice(1));

function stepsOf(word: string): readonly string[] {
  return steps
    .filter((step) => step.startsWith(`${word} `))
    .map((step) => step.slice(word.length + 1).trim());
}

test("it is the Node that the tests run on", () => {
  expect(stepsOf("FROM")).toEqual([`node:${packageJson.devDependencies.node}-bookworm-slim`]);
});

test("packages are those of the lock file", () => {
  const installs = stepsOf("RUN").filter((step) => step.includes("npm"));
  expect(installs).toHaveLength(1);
  expect(installs[0]).toMatch(/^npm ci /);
});

test("the program runs as nobody special, under a first process that passes signals on", () => {
  expect(stepsOf("USER")).toEqual(["node"]);
  const at = (word: string): number => steps.findIndex((step) => step.startsWith(word));
  expect(at("USER")).toBeGreaterThan(
    Math.max(...steps.map((step, index) => (step.startsWith("RUN") ? index : 0))),
  );
  expect(at("USER")).toBeLessThan(at("ENTRYPOINT"));
  expect(stepsOf("ENTRYPOINT")[0]).toMatch(/^\["\/usr\/bin\/tini", "--", "node", .*"main\.ts"\]$/);
});

test("it asks how the program is where the program says so", () => {
  expect(stepsOf("ENV")[0]).toContain("REVEILLE_HEALTH=");
  expect(stepsOf("HEALTHCHECK")[0]).toContain('node deploy/probe.mjs "$REVEILLE_HEALTH"');
});

test("every folder that is mounted belongs to whom the program runs as", () => {
  const made = stepsOf("RUN").find((step) => step.startsWith("install -d -o node -g node")) ?? "";
  const mounted = new Set(
    OURS.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(":")[1] ?? "")),
  );
  expect(mounted.size).toBe(2);
  for (const folder of mounted) expect(made.split(" ")).toContain(folder);
});

test("nothing is copied but what is named, and all of that is there", () => {
  const [first] = readFileSync(join(ROOT, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(first).toBe("*");
  expect(kept.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(kept).not.toContain("node_modules");
  expect(kept).not.toContain("test");
});

const IMPORT =
  /(?:\bfrom|\bimport|\bimport\()\s*["'](\.[^"']+)["']|new URL\("(\.[^"]+\.ts)", import\.meta\.url\)/g;

/** Files that the program reaches from main.ts, loaded at once or later. */
function reached(): ReadonlySet<string> {
  const found = new Set<string>();
  const left = ["main.ts"];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    if (!file.endsWith(".ts") || !existsSync(join(ROOT, file))) continue;
    for (const [, specifier, url] of readFileSync(join(ROOT, file), "utf8").matchAll(IMPORT)) {
      left.push(join(dirname(file), specifier ?? url ?? ""));
    }
  }
  return found;
}

test("every file that the program loads is in the image", () => {
  const files = reached();
  expect(files.size).toBeGreaterThan(200);
  const missing = [...files].filter((file) => !kept.includes(file.split("/")[0] ?? ""));
  expect(missing).toEqual([]);
  expect(globSync("schemas/events/*.avsc", { cwd: ROOT }).length).toBeGreaterThan(20);
});
