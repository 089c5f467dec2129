import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMemoryFile } from "../../../adapters/log-memory/memory-file.ts";
import { instant } from "../../../domain/kernel/time.ts";
import type { SeenMark } from "../../../domain/ports/log-memory.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reveille-memory-"));
  path = join(folder, "log.seen");
});
afterEach(() => rmSync(folder, { recursive: true }));

const mark = (partition: number, offset: number, at: number): SeenMark => ({
  topic: "events",
  partition,
  offset,
  id: `event-${offset}`,
  at: instant(at),
});

test("several processes remember in one file: the newest of each partition stays", async () => {
  const [one, other] = [createMemoryFile(path), createMemoryFile(path)];
  await one.keep([mark(0, 10, 100), mark(1, 5, 100)]);
  await other.keep([mark(0, 12, 200)]);
  await one.keep([mark(0, 11, 150)]);
  expect(one.read().toSorted((a, b) => a.partition - b.partition)).toEqual([
    mark(0, 12, 200),
    mark(1, 5, 100),
  ]);
  expect(readdirSync(folder)).toEqual(["log.seen"]);
});

test("what was decided is forgotten, the rest is not", async () => {
  const memory = createMemoryFile(path);
  await memory.keep([mark(0, 10, 100), mark(1, 5, 100)]);
  await memory.forget([mark(0, 10, 100)]);
  expect(memory.read()).toEqual([mark(1, 5, 100)]);
});

test.each([
  ["no file", null],
  ["an empty one", ""],
  ["a torn one", '[{"topic":"ev'],
  ["another program's", '{"a":1}'],
  ["one with strangers in it", '[null, 3, {"topic":"load","partition":0,"offset":1,"id":null,"at":1}]'],
])("%s claims nothing", (_, text) => {
  if (text !== null) writeFileSync(path, text);
  expect(createMemoryFile(path).read()).toEqual([]);
});

test("a disk that takes nothing is told to whoever asked", async () => {
  const memory = createMemoryFile(join(folder, "no-such-folder", "log.seen"));
  await expect(memory.keep([mark(0, 1, 1)])).rejects.toThrow("ENOENT");
});
