/** The registry's ids as they were when it last answered: a role may start on them while the registry is away. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { HouseSchema } from "./house-schemas.ts";

type Kept = { readonly registry: string; readonly ids: Readonly<Record<string, number>> };

/** Null where the file is missing, damaged, of another registry, or lacks a schema of this release. */
export function readIdFile(
  path: string,
  registry: string,
  schemas: readonly HouseSchema[],
): ReadonlyMap<HouseSchema, number> | null {
  const kept = parseKept(path);
  if (kept?.registry !== registry) return null;
  const ids = new Map<HouseSchema, number>();
  for (const schema of schemas) {
    const id = kept.ids[nameOf(schema)];
    if (id === undefined || !Number.isInteger(id)) return null;
    ids.set(schema, id);
  }
  return ids;
}

/** Roles of one machine share the file: each writes a whole one, the last stays. */
export function writeIdFile(path: string, registry: string, ids: ReadonlyMap<HouseSchema, number>): void {
  const kept: Kept = {
    registry,
    ids: Object.fromEntries([...ids].map(([schema, id]) => [nameOf(schema), id])),
  };
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(kept, null, 1)}\n`);
  renameSync(fresh, path);
}

function nameOf({ subject, reading }: HouseSchema): string {
  return `${subject} v${reading.writer.version}`;
}

function parseKept(path: string): Kept | null {
  try {
    const value = JSON.parse(readFileSync(path, "utf8")) as Partial<Kept> | null;
    return typeof value?.registry === "string" && typeof value.ids === "object" ? (value as Kept) : null;
  } catch {
    // Missing or damaged: the registry has to be asked.
    return null;
  }
}
