/**
 * The memory as one small JSON file, replaced as a whole: written beside, synced, renamed. Two processes that write
 * at the same moment lose one of two notes, which the next note makes good.
 */

import { readFileSync } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { instant } from "../../domain/kernel/time.ts";
import type { LogMemory, SeenMark } from "../../domain/ports/log-memory.ts";

/** Partitions of two topics; a file that claims more was not written here. */
const MARKS_MAX = 1_000;

export function createMemoryFile(path: string): LogMemory {
  async function write(marks: readonly SeenMark[]): Promise<void> {
    const beside = `${path}.${process.pid}`;
    const file: FileHandle = await open(beside, "w", 0o600);
    try {
      await file.writeFile(`${JSON.stringify(marks)}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  }

  const read = (): readonly SeenMark[] => parseMarks(readText(path));
  return {
    read,
    keep: (marks) => write(newest([...read(), ...marks])),
    forget: (marks) => write(read().filter((mark) => !marks.some((gone) => isSame(gone, mark)))),
  };
}

function newest(marks: readonly SeenMark[]): readonly SeenMark[] {
  const kept = new Map<string, SeenMark>();
  for (const mark of marks) {
    const place = `${mark.topic}/${mark.partition}`;
    if ((kept.get(place)?.at ?? 0) <= mark.at) kept.set(place, mark);
  }
  return [...kept.values()];
}

function isSame(one: SeenMark, other: SeenMark): boolean {
  return one.topic === other.topic && one.partition === other.partition && one.offset === other.offset;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // None yet, or taken away: nothing is remembered, and nothing is claimed.
    return "[]";
  }
}

function parseMarks(text: string): readonly SeenMark[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  return Array.isArray(parsed)
    ? parsed.slice(0, MARKS_MAX).flatMap((value: unknown) => parseMark(value) ?? [])
    : [];
}

function parseMark(value: unknown): SeenMark | null {
  if (typeof value !== "object" || value === null) return null;
  if (!("topic" in value && "partition" in value && "offset" in value && "id" in value && "at" in value)) {
    return null;
  }
  const { topic, partition, offset, id, at } = value;
  if (topic !== "requests" && topic !== "events") return null;
  if (typeof partition !== "number" || typeof offset !== "number" || typeof at !== "number") return null;
  if (id !== null && typeof id !== "string") return null;
  return { topic, partition, offset, id, at: instant(at) };
}
