/** Lines of an export as they are read: of a known kind with every field of its type, or null. */
import {
  type BodyLine,
  EXPORT_KIND,
  EXPORT_VERSION,
  type ExportHeader,
  type SignatureLine,
} from "../../domain/audit/export-file.ts";

export type Line = ExportHeader | BodyLine | SignatureLine;

type Kind = "string" | "number" | "object" | "text-or-null" | "list";
const FIELDS: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  [EXPORT_KIND]: {
    version: "number",
    madeAt: "string",
    selection: "object",
    ranges: "list",
    schemas: "list",
  },
  range: { partition: "number" },
  record: {
    offset: "number",
    at: "string",
    key: "string",
    body: "text-or-null",
    envelope: "string",
    digest: "string",
    link: "text-or-null",
  },
  "left-out": { count: "number", digests: "string" },
  end: { partition: "number", link: "text-or-null" },
  signature: { lines: "number", hash: "string", publicKey: "string", signature: "string" },
};
/** May be left out. */
const OPTIONAL_FIELDS: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  record: { schema: "number" },
};
const RANGE_FIELDS = {
  partition: "number",
  first: "number",
  last: "number",
  records: "number",
  leftOut: "number",
  anchor: "text-or-null",
} as const;
const SCHEMA_FIELDS = {
  id: "number",
  subject: "string",
  version: "number",
  sha256: "string",
  avro: "string",
} as const;

/** Null for what no export of ours has in it. */
export function parseLine(bytes: Uint8Array): Line | null {
  const value = parseJson(bytes);
  if (!isObject(value) || typeof value["kind"] !== "string") return null;
  const fields = FIELDS[value["kind"]];
  const optional = Object.entries(OPTIONAL_FIELDS[value["kind"]] ?? {}).filter(([name]) => name in value);
  const wanted = { kind: "string", ...fields, ...Object.fromEntries(optional) } as const;
  if (fields === undefined || !hasFields(value, wanted)) return null;
  if (value["kind"] === EXPORT_KIND && !isHeader(value)) return null;
  return value as Line;
}

function isHeader(value: Readonly<Record<string, unknown>>): boolean {
  const { ranges, schemas } = value;
  return (
    value["version"] === EXPORT_VERSION &&
    Array.isArray(ranges) &&
    ranges.every((range) => isObject(range) && hasFields(range, RANGE_FIELDS)) &&
    Array.isArray(schemas) &&
    schemas.every((schema) => isObject(schema) && hasFields(schema, SCHEMA_FIELDS))
  );
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Exactly these fields. */
function hasFields(
  value: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Kind>>,
): boolean {
  return (
    Object.keys(value).length === Object.keys(fields).length &&
    Object.entries(fields).every(([name, kind]) => isKind(value[name], kind))
  );
}

function isKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case "string":
      return typeof value === "string";
    case "number":
      return Number.isSafeInteger(value);
    case "object":
      return isObject(value);
    case "text-or-null":
      return value === null || typeof value === "string";
    case "list":
      return Array.isArray(value);
    default:
      return kind satisfies never;
  }
}
