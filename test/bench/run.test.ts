/** `npm run bench` as somebody meets it who does not know its names. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { BENCH_NAMES, scriptOf } from "../../bench/bench-list.ts";

const RUN = fileURLToPath(new URL("../../bench/run.ts", import.meta.url));

async function bench(...args: readonly string[]) {
  const child = spawn(process.execPath, [RUN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { out, err, code: code as number };
}

test("--help names every bench, each with a line on what it is about, and runs none", async () => {
  const { out, err, code } = await bench("--help");
  for (const name of BENCH_NAMES) expect(out).toMatch(new RegExp(`^  ${name} +\\w.{10,}$`, "m"));
  for (const option of ["--only", "--json", "--markdown"]) expect(out).toContain(`  ${option}`);
  expect({ err, code }).toEqual({ err: "", code: 0 });
});

test("a name that is none, and an option that is none, are refused with what there is", async () => {
  for (const args of [["--only", "nonsense"], ["--fast"], ["intake"]]) {
    const { out, err, code } = await bench(...args);
    expect(code).toBe(2);
    expect(err).toContain(args.at(-1));
    expect(err).toContain("causes-kafka");
    expect(out).toBe("");
  }
});

test("every name has its script", () => {
  const missing = BENCH_NAMES.filter((name) => {
    const file = new URL(`../../bench/${scriptOf(name).script}.ts`, import.meta.url);
    return !existsSync(fileURLToPath(file));
  });
  expect(missing).toEqual([]);
});
