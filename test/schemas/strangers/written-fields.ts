/** What a schema has of a message, worked out beside our codec: for the comparison with what a stranger reads. */
import type { Messages, TopicName } from "../../../domain/ports/event-log.ts";

export type Schema =
  | string
  | readonly Schema[]
  | {
      readonly type: Schema;
      readonly name?: string;
      readonly logicalType?: string;
      readonly [more: string]: unknown;
    };

/** Whatever stands at a place, with the schema of that place. */
type Visit = (schema: Schema, value: unknown) => unknown;

/** The fields in the schema: no discriminators, and null where the domain leaves a field out. */
export function fieldsOf(schema: Schema, message: unknown): unknown {
  return walk(schema, message, new Map(), (_, value) => value, {});
}

/** The message with every time between 1970 and 9999: Python's datetime knows no others. */
export function timelyMessage(schema: Schema, message: Messages[TopicName]): Messages[TopicName] {
  return walk(schema, message, new Map(), timely, { keepsMore: true }) as Messages[TopicName];
}

/** `keepsMore`: what the schema does not have stays, and what the message leaves out stays left out. */
function walk(
  schema: Schema,
  value: unknown,
  named: Map<string, Schema>,
  visit: Visit,
  how: { readonly keepsMore?: boolean },
): unknown {
  const on = (next: Schema, inner: unknown): unknown => walk(next, inner, named, visit, how);
  if (Array.isArray(schema)) {
    const branches = schema as readonly Schema[];
    return value === null || value === undefined
      ? null
      : on(branches.find((one) => one !== "null") ?? "null", value);
  }
  if (typeof schema === "string") {
    const known = named.get(schema);
    return known === undefined ? visit(schema, value) : on(known, value);
  }
  const place = schema as Exclude<Schema, string | readonly Schema[]>;
  if (place.name !== undefined) named.set(place.name, place);
  if (place.type === "array") return (value as unknown[]).map((one) => on(place["items"] as Schema, one));
  if (place.type !== "record") return visit(place, value);
  const given = value as Readonly<Record<string, unknown>>;
  const fields = (place["fields"] as readonly { readonly name: string; readonly type: Schema }[])
    .filter(({ name }) => how.keepsMore !== true || name in given)
    .map(({ name, type }) => [name, on(type, given[name])] as const);
  return { ...(how.keepsMore === true ? given : {}), ...Object.fromEntries(fields) };
}

function timely(place: Schema, value: unknown): unknown {
  const isTime =
    typeof place === "object" && "logicalType" in place && place.logicalType === "timestamp-millis";
  return isTime ? Math.abs(value as number) % Date.UTC(9_999, 0, 1) : value;
}
