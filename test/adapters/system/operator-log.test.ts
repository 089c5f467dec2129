import { expect, test } from "vitest";
import { createOperatorLog, redact } from "../../../adapters/system/operator-log.ts";

function written(write: (log: ReturnType<typeof createOperatorLog>) => void): string {
  const lines: string[] = [];
  write(createOperatorLog({ write: (line) => lines.push(line) }, () => Date.parse("2026-11-21T12:00:00Z")));
  expect(lines).toHaveLength(1);
  expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
  return lines[0] ?? "";
}

test("a happening is one JSON line with its time, level and facts", () => {
  const line = written((log) => log.warn("port pool is full", { ports: 30, since: null, draining: false }));
  expect(JSON.parse(line)).toEqual({
    at: "2026-11-21T12:00:00.000Z",
    level: "warn",
    what: "port pool is full",
    ports: 30,
    since: null,
    draining: false,
  });
});

test.each([
  "call to +12125550123 failed",
  "call to +1 212 555 0123 failed",
  "call to +49 (30) 1234-5678 failed",
  "INVITE sip:12125550123@trunk.example SIP/2.0",
  "tel:2125550123",
  "sips:+442079460958@x",
])("the phone number in %j is not written", (text) => {
  const line = written((log) => log.error(text, { detail: text, error: new Error(text), list: [text] }));
  expect(line.replaceAll("2026-11-21T12:00:00.000Z", "")).not.toMatch(/555|1234|946/);
  expect(line).toContain("***");
});

test.each([
  "Authorization: Bearer rvl_abc_0123456789secret",
  "rvl_key1_0123456789secret is wrong",
  "Basic dXNlcjpwYXNzd29yZHNlY3JldA==secret",
  "https://user:0123456789secret@host/",
  "https://host/?access_token=0123456789secret&x=1",
])("the secret in %j is not written", (text) => {
  expect(redact(text)).not.toContain("secret");
});

test.each([
  "password",
  "apiKey",
  "api_key",
  "token",
  "Authorization",
  "digits",
  "clientSecret",
  "passphrase",
])("a fact called %s is not written, however deep it stands", (name) => {
  const line = written((log) => log.info("x", { [name]: "hidden-one", inner: { [name]: "hidden-two" } }));
  expect(line).not.toContain("hidden");
});

test("ids, counts, times and durations are written as they are", () => {
  const facts = {
    request: "rq_0123456789abcdefghjkmnpqrs_0a1",
    customer: "0123456789abcdef0123456789abcdef",
    at: "2026-11-21T12:00:00.000Z",
    offset: 123_456_789_012,
    took: "1234567 ms",
  };
  expect(JSON.parse(written((log) => log.info("x", facts)))).toMatchObject(facts);
});

test("an error is written with its causes", () => {
  const error = new Error("outer", { cause: new Error("inner") });
  const shown = JSON.parse(written((log) => log.error("x", { error })));
  expect(shown.error).toMatch(/Error: outer[^]*caused by Error: inner/);
});

test("what cannot be written does not break the log, and a line is no dump", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const facts = { circle, big: 10n, fn: () => 1, text: "x".repeat(100_000), none: undefined };
  const line = written((log) => log.info("x", facts));
  expect(line.length).toBeLessThan(3_000);
  expect(JSON.parse(line)).toMatchObject({ circle: "unwritable object", big: "10" });
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`fact${index}`, index]));
  expect(Object.keys(JSON.parse(written((log) => log.info("x", many))))).toHaveLength(53);
});
