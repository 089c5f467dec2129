import { formatInstant, instant } from "../../domain/kernel/time.ts";

/** What a call answers, before any server library is involved. */
export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return { status, headers: { ...headers, "content-type": "application/json" }, body: toWireJson(body) };
}

// Inside, an instant is a number of milliseconds; outside it is RFC 3339, and its field's name gives it away.
const INSTANT_NAME = /^(?:at|until|notBefore|notAfter|callBefore|[a-z]+(?:[A-Z][a-z]+)*At)$/;

/** JSON with every instant as RFC 3339 in UTC. */
export function toWireJson(value: unknown): string {
  return JSON.stringify(value, (name, field: unknown) =>
    typeof field === "number" && INSTANT_NAME.test(name) ? formatInstant(instant(field)) : field,
  );
}
