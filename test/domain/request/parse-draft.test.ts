import { readFileSync } from "node:fs";
import fc from "fast-check";
import { fastify } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  DRAFT_ERRORS_MAX,
  INLINE_BYTES_MAX,
  INLINE_CHARACTERS_MAX,
  NOTICES,
  parseDraft,
  RESOURCES_MAX,
  URL_CHARACTERS_MAX,
  USER_DATA_BYTES_MAX,
} from "../../../domain/request/parse-draft.ts";

const MINIMAL = { to: "+12125550123", document: { url: "https://hotel.example/wake-up.vxml" } };

function faults(change: object): readonly string[] {
  const parsed = parseDraft({ ...MINIMAL, ...change }, (zone) => zone === "Europe/Paris");
  return parsed.ok ? [] : parsed.errors.map((error) => `${error.pointer} ${error.code}`);
}

test("a number and a document are enough; the rest has defaults (B01, B02)", () => {
  expect(parseDraft(MINIMAL)).toEqual({
    ok: true,
    draft: {
      to: "+12125550123",
      from: null,
      document: { kind: "url", url: "https://hotel.example/wake-up.vxml" },
      ringTimeoutMs: 35_000,
      maxSessionMs: 600_000,
      notBefore: null,
      notAfter: null,
      window: null,
      serviceLevel: null,
      bulkiness: null,
      rank: 0,
      purpose: "informational",
      onLost: "stop",
      maxAttempts: 1,
      resources: [],
      userData: null,
      notify: [],
    },
  });
});

test("every field is read as it was meant (B03, B04, B05, B09)", () => {
  const parsed = parseDraft({
    to: "+442079460123",
    from: "+12125550100",
    document: { inline: "<vxml/>" },
    ringTimeoutSeconds: 20,
    maxSessionSeconds: 7_200,
    notBefore: "2026-11-20T20:00:00+01:00",
    notAfter: "2026-11-21T20:00:00.5Z",
    window: { from: "20:00", to: "01:30", zone: "Europe/Paris" },
    serviceLevel: "enhanced",
    kind: "bulk",
    rank: 9,
    purpose: "transactional",
    onLost: "retry",
    maxAttempts: 10,
    resources: [
      { name: "bell.wav", sha256: "A".repeat(64) },
      { name: "b", url: "http://a.example:8080/b?c=d" },
    ],
    userData: "auction 17",
    notify: ["call.completed"],
  });
  expect(parsed).toMatchObject({
    draft: {
      document: { kind: "inline", text: "<vxml/>" },
      ringTimeoutMs: 20_000,
      maxSessionMs: 7_200_000,
      notBefore: Date.UTC(2026, 10, 20, 19),
      notAfter: Date.UTC(2026, 10, 21, 20, 0, 0, 500),
      window: { fromMinute: 1_200, toMinute: 90, zone: "Europe/Paris" },
      bulkiness: "bulk",
      resources: [
        { name: "bell.wav", url: null, sha256: "a".repeat(64) },
        { name: "b", url: "http://a.example:8080/b?c=d", sha256: null },
      ],
      userData: "auction 17",
    },
  });
});

test.each([
  "12125550123",
  "+1 212 555 0123",
  "+1-212-555-0123",
  " +12125550123",
  "+12125550123\r\nX: y",
  "+12125550123\n",
  "sip:+12125550123@evil.example",
  "tel:+12125550123",
  "+12125550123,,99",
  "+12125550123;ext=5",
  "+0123456789",
  "+123456",
  `+${"1".repeat(40)}`,
  "+１２１２５５５０１２３",
  "+١٢١٢٥٥٥٠١٢٣",
  "",
])("the number %j is refused", (to) => {
  expect(faults({ to })).toEqual(["/to number.malformed"]);
});

test.each([
  [{ to: 12_125_550_123 }, "/to field.type"],
  [{ to: ["+12125550123"] }, "/to field.type"],
  [{ to: null }, "/to field.type"],
  [{ from: null }, "/from field.type"],
  [{ ringTimeout: 5 }, "/ringTimeout field.unknown"],
  [{ "a/b~c": 5 }, "/a~1b~0c field.unknown"],
  [{ ringTimeoutSeconds: "5" }, "/ringTimeoutSeconds field.type"],
  [{ ringTimeoutSeconds: 0 }, "/ringTimeoutSeconds field.range"],
  [{ ringTimeoutSeconds: 601 }, "/ringTimeoutSeconds field.range"],
  [{ ringTimeoutSeconds: 1.5 }, "/ringTimeoutSeconds field.range"],
  [{ maxSessionSeconds: 0 }, "/maxSessionSeconds field.range"],
  [{ maxSessionSeconds: -1 }, "/maxSessionSeconds field.range"],
  [{ maxSessionSeconds: 1e9 }, "/maxSessionSeconds field.range"],
  [{ notBefore: "9999-01-01T00:00:00Z" }, "/notBefore time.malformed"],
  [{ notBefore: "1970-01-01T00:00:00Z" }, "/notBefore time.malformed"],
  [{ notBefore: "2026-02-30T00:00:00Z" }, "/notBefore time.malformed"],
  [{ notBefore: "2025-02-29T00:00:00Z" }, "/notBefore time.malformed"],
  [{ notBefore: "2026-13-01T00:00:00Z" }, "/notBefore time.malformed"],
  [{ notBefore: "2026-11-20T24:00:00Z" }, "/notBefore time.malformed"],
  [{ notBefore: "2026-11-20T20:00:00" }, "/notBefore time.malformed"],
  [{ notBefore: "2026-11-20T20:00:00+99:00" }, "/notBefore time.malformed"],
  [{ notBefore: 1_795_000_000 }, "/notBefore field.type"],
  [{ notBefore: "2026-11-20T20:00:00Z", notAfter: "2026-11-20T20:00:00Z" }, "/notAfter field.conflict"],
  [{ window: { from: "8pm", to: "23:00" } }, "/window/from time.malformed"],
  [{ window: { from: "20:00" } }, "/window/to field.missing"],
  [{ window: { from: "20:00", to: "20:00" } }, "/window field.conflict"],
  [{ window: { from: "20:00", to: "24:00" } }, "/window/to time.malformed"],
  [{ window: { from: "20:00", to: "23:00", zone: "Mars/Olympus" } }, "/window/zone zone.unknown"],
  [{ window: "20:00-23:00" }, "/window field.type"],
  [{ document: { url: "https://a.example/", inline: "<vxml/>" } }, "/document field.conflict"],
  [{ document: {} }, "/document field.missing"],
  [{ document: { inline: "" } }, "/document/inline field.range"],
  [{ document: { inline: "x".repeat(INLINE_CHARACTERS_MAX + 1) } }, "/document/inline field.range"],
  [{ document: { inline: "語".repeat(INLINE_BYTES_MAX / 3 + 1) } }, "/document/inline field.range"],
  [{ document: { contentId: "x" } }, "/document/contentId field.unknown"],
  [{ document: "https://a.example/" }, "/document field.type"],
  [{ document: { url: "ftp://a.example/" } }, "/document/url url.malformed"],
  [{ document: { url: "file:///etc/passwd" } }, "/document/url url.malformed"],
  [{ document: { url: "https://user:secret@a.example/" } }, "/document/url url.malformed"],
  [{ document: { url: "https://a.example\\@b.example/" } }, "/document/url url.malformed"],
  [{ document: { url: "https://①②⑦.⓪.⓪.①/" } }, "/document/url url.malformed"],
  [{ document: { url: "https://a.example:99999/" } }, "/document/url url.malformed"],
  [
    { document: { url: `https://a.example/${"x".repeat(URL_CHARACTERS_MAX)}` } },
    "/document/url url.malformed",
  ],
  [{ serviceLevel: "Basic" }, "/serviceLevel field.choice"],
  [{ rank: 10 }, "/rank field.range"],
  [{ maxAttempts: 11 }, "/maxAttempts field.range"],
  [{ userData: "é".repeat(USER_DATA_BYTES_MAX / 2 + 1) }, "/userData field.range"],
  [{ notify: ["call.finished"] }, "/notify/0 field.choice"],
  [{ notify: "call.completed" }, "/notify field.type"],
  [{ resources: [{ url: "https://a.example/" }] }, "/resources/0/name field.missing"],
  [{ resources: [{ name: "../etc/passwd" }] }, "/resources/0/name name.malformed"],
  [{ resources: [{ name: "a" }, { name: "a" }] }, "/resources/1/name field.conflict"],
  [
    { resources: Array.from({ length: RESOURCES_MAX + 1 }, (_, n) => ({ name: `n${n}` })) },
    "/resources field.range",
  ],
  [{ resources: [{ name: "a", sha256: "xyz" }] }, "/resources/0/sha256 digest.malformed"],
])("%j is refused at %s", (change, fault) => {
  expect(faults(change)).toEqual([fault]);
});

test.each([null, [], "text", 7, true])("%j is no Request", (value) => {
  expect(parseDraft(value)).toMatchObject({ ok: false, errors: [{ pointer: "", code: "field.type" }] });
});

test("all faults are told, up to twenty, and none repeats a value", () => {
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`field${n}`, n]));
  const parsed = parseDraft({ ...MINIMAL, to: "+1 212 555 0199", ...many });
  expect(parsed.ok ? [] : parsed.errors).toHaveLength(DRAFT_ERRORS_MAX);
  expect(JSON.stringify(parsed)).not.toContain("0199");
});

test("whatever JSON comes, the parser answers", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(typeof parseDraft(value).ok).toBe("boolean");
      expect(typeof parseDraft({ ...MINIMAL, window: value, resources: [value] }).ok).toBe("boolean");
    }),
  );
});

// The schema is tried with the validator inside the HTTP library, which is there anyway.
const validator = fastify({
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
});

beforeAll(async () => {
  const file = new URL("../../../schemas/request.schema.json", import.meta.url);
  const body: unknown = JSON.parse(readFileSync(file, "utf8"));
  validator.post("/", { schema: { body } }, () => "valid");
  await validator.ready();
});
afterAll(() => validator.close());

async function isValidBySchema(value: object): Promise<boolean> {
  const response = await validator.inject({ method: "POST", url: "/", payload: value });
  return response.statusCode === 200;
}

const maybe = <T>(good: fc.Arbitrary<T>, ...bad: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 4, arbitrary: good }, { weight: 1, arbitrary: fc.constantFrom(...bad, null, [], {}) });

const url = maybe(
  fc.webUrl({ validSchemes: ["http", "https"] }),
  "ftp://a.example/",
  "https://",
  "https://u:p@a/",
  5,
);
const clock = maybe(fc.constantFrom("00:00", "07:30", "23:59"), "24:00", "7:30", "aa:bb");
// Different years, so that the rules between fields, which a schema can't tell, stay out of this.
const moment = (year: number): fc.Arbitrary<unknown> =>
  maybe(
    fc.constantFrom(`${year}-02-28T23:59:59Z`, `${year}-11-20T09:00:00.123+05:30`),
    `${year}-02-30T00:00:00Z`,
    "now",
    "",
  );

const request = fc.record(
  {
    to: maybe(fc.constantFrom("+12125550123", "+442079460123"), "12125550123", "+0", 5),
    from: maybe(fc.constant("+12125550123"), "x"),
    document: maybe(
      fc.oneof(fc.record({ url }), fc.record({ inline: maybe(fc.constant("<vxml/>"), "") })),
      { url: "https://a.example/", inline: "x" },
      { other: 1 },
    ),
    ringTimeoutSeconds: maybe(fc.integer({ min: 1, max: 600 }), 0, 601, 1.5, "5"),
    maxSessionSeconds: maybe(fc.integer({ min: 1, max: 7_200 }), 0, -1, 1e9),
    notBefore: moment(2026),
    notAfter: moment(2027),
    window: maybe(
      fc.record(
        { from: clock, to: fc.constant("12:00"), zone: maybe(fc.constant("Europe/Paris"), "no zone") },
        { requiredKeys: ["from", "to"] },
      ),
      "x",
    ),
    serviceLevel: maybe(fc.constantFrom("basic", "enhanced"), "gold"),
    kind: maybe(fc.constantFrom("solitary", "bulk"), "mass"),
    rank: maybe(fc.integer({ min: 0, max: 9 }), 10, -1),
    purpose: maybe(fc.constantFrom("marketing", "emergency"), "fun"),
    onLost: maybe(fc.constantFrom("stop", "retry"), "maybe"),
    maxAttempts: maybe(fc.integer({ min: 1, max: 10 }), 0, 11),
    resources: maybe(
      fc.array(
        fc.record(
          {
            name: maybe(fc.constant("bell.wav"), "../x", ""),
            url,
            sha256: maybe(fc.constant("a".repeat(64)), "a"),
          },
          { requiredKeys: ["name"] },
        ),
        { maxLength: 1 },
      ),
      "x",
    ),
    userData: maybe(fc.constantFrom("order 7", "x".repeat(4_096)), "x".repeat(4_097)),
    notify: maybe(fc.subarray([...NOTICES]), ["call.finished"]),
    surprise: fc.constant(1),
  },
  { requiredKeys: ["to", "document"] },
);

test("the schema for machines and the parser agree on every generated Request", async () => {
  let agreedGood = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(request, leanRequest()), async (value) => {
      const parsed = parseDraft(value);
      agreedGood += parsed.ok ? 1 : 0;
      expect({ valid: await isValidBySchema(value), parsed }).toMatchObject({ valid: parsed.ok });
    }),
    { numRuns: 600 },
  );
  // Not all of them may have been refused for another reason.
  expect(agreedGood).toBeGreaterThan(30);
});

/** Requests with one or two fields beside the needed ones: most of them good. */
function leanRequest(): fc.Arbitrary<object> {
  return fc.tuple(request, fc.nat(), fc.nat()).map(([full, one, two]) => {
    const names = Object.keys(full).filter((name) => name !== "surprise");
    const kept = [names[one % names.length], names[two % names.length]];
    return {
      ...MINIMAL,
      ...Object.fromEntries(Object.entries(full).filter(([name]) => kept.includes(name))),
    };
  });
}
