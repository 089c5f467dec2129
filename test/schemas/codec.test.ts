import fc, { type Arbitrary } from "fast-check";
import { describe, expect, test } from "vitest";
import { instant } from "../../domain/kernel/time.ts";
import type { TopicName } from "../../domain/ports/event-log.ts";
import { LONG_MAX } from "../../schemas/avro-type.ts";
import { decode, encode } from "../../schemas/codec.ts";
import { decodeBody, encodeBody, schemaOf, UnencodableMessageError } from "../../schemas/message-body.ts";
import { LOCK_IDS } from "../../schemas/schema-ids.ts";
import { ARBITRARY_MESSAGES, EVERY_RECORD } from "./arbitrary-messages.ts";
import { anEnvelope } from "./arbitrary-values.ts";

describe("every message comes back as it was written", () => {
  test.each(EVERY_RECORD)("%s: %s", (topic, record, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, anEnvelope, fc.string(), (message, envelope, key) => {
        const { value, headers } = encode(topic, { key, envelope, message });
        expect(decode(topic, value, headers)).toEqual({ ok: true, envelope, message });
        expect(headers["ce_type"]).toBe(`reveille.${topic}.${record}`);
      }),
      { numRuns: 60 },
    );
  });
});

const envelope = {
  id: "a",
  source: "s",
  subject: "rq",
  time: instant(1_000),
  sequence: 3,
  correlationId: "c",
  causationId: "b",
  causeOffset: 7,
  ownerEpoch: 2,
};

function sample<Message>(arbitrary: Arbitrary<Message>): Message {
  const [message] = fc.sample(arbitrary, { seed: 1, numRuns: 1 });
  if (message === undefined) throw new Error("fast-check gave no sample");
  return message;
}

test("the body is Confluent's wire format: zero, schema id, Avro", () => {
  const message = sample(ARBITRARY_MESSAGES.load.LoadReported);
  const body = encodeBody("load", message);
  expect(body[0]).toBe(0);
  expect(body.readInt32BE(1)).toBe(schemaOf("load", message).id);
});

test("the envelope travels as CloudEvents attributes; what is null is left out", () => {
  const message = sample(ARBITRARY_MESSAGES.events.RequestCancelled);
  expect(encode<TopicName>("events", { key: "k", envelope, message }).headers).toEqual({
    "content-type": "application/avro",
    ce_specversion: "1.0",
    ce_id: "a",
    ce_source: "s",
    ce_type: "reveille.events.RequestCancelled",
    ce_subject: "rq",
    ce_time: "1970-01-01T00:00:01.000Z",
    ce_dataschema: "urn:reveille:schema:events-reveille.events.RequestCancelled:1",
    ce_partitionkey: "k",
    ce_sequence: "3",
    ce_correlationid: "c",
    ce_causationid: "b",
    ce_causeoffset: "7",
    ce_ownerepoch: "2",
  });
  const bare = {
    ...envelope,
    subject: null,
    sequence: null,
    causationId: null,
    causeOffset: null,
    ownerEpoch: null,
  };
  const { headers } = encode("state", { key: "k", envelope: bare, message: null });
  expect(Object.keys(headers).toSorted()).toEqual([
    "ce_correlationid",
    "ce_id",
    "ce_partitionkey",
    "ce_source",
    "ce_specversion",
    "ce_time",
    "ce_type",
    "content-type",
  ]);
});

test("a tombstone has headers and no body", () => {
  const { value, headers } = encode("state", { key: "k", envelope, message: null });
  expect(value).toBeNull();
  expect(headers["ce_type"]).toBe("reveille.state.Tombstone");
  expect(decode("state", value, headers)).toEqual({ ok: true, envelope, message: null });
});

test("headers may arrive as bytes, as Kafka clients give them", () => {
  const { value, headers } = encode("state", { key: "k", envelope, message: null });
  const bytes = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]));
  expect(decode("state", value, bytes)).toEqual({ ok: true, envelope, message: null });
});

describe("what can't be read is a reason, never an exception", () => {
  const message = sample(ARBITRARY_MESSAGES.load.LoadReported);
  const { ce_dataschema: urn, ...headers } = encode<TopicName>("load", {
    key: "k",
    envelope,
    message,
  }).headers;
  const body = encodeBody("load", message);
  const withId = (id: number): Buffer => {
    const changed = Buffer.from(body);
    changed.writeInt32BE(id, 1);
    return changed;
  };

  test.each([
    ["nothing", Buffer.alloc(0), "no schema id"],
    ["another magic byte", Buffer.concat([Buffer.from([1]), body.subarray(1)]), "no schema id"],
    ["an unknown schema", withId(999_999), "schema id 999999 is unknown here"],
    ["a negative schema id", withId(-1), "schema id -1 is unknown here"],
    [
      "a body cut short",
      body.subarray(0, body.length - 1),
      "does not fit load-reveille.load.LoadReported v1",
    ],
    ["a body with more behind it", Buffer.concat([body, Buffer.from([0])]), "does not fit"],
  ])("%s", (_, bytes, reason) => {
    const decoded = decode("load", bytes, headers);
    expect(decoded).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  test.each([
    [urn],
    [undefined],
  ])("a record of another topic, whether it names its schema or not", (named) => {
    expect(decode("events", body, { ...headers, ce_dataschema: named })).toMatchObject({
      ok: false,
      reason: expect.stringContaining("not of this topic"),
    });
  });

  test("a schema name that this release does not know, with an id that it does not know", () => {
    const newer = { ...headers, ce_dataschema: "urn:reveille:schema:load-reveille.load.LoadReported:999" };
    expect(decode("load", withId(999_999), newer)).toMatchObject({ ok: false });
  });

  test.each([
    [{ ce_specversion: "0.3" }, "CloudEvent"],
    [{ ce_id: undefined }, "ce_id"],
    [{ ce_time: "yesterday" }, "ce_time"],
    [{ ce_sequence: "1.5" }, "ce_sequence"],
    [{ ce_causeoffset: "99999999999999999999" }, "ce_causeoffset"],
  ])("headers with %o", (change, reason) => {
    expect(decode("load", body, { ...headers, ...change })).toMatchObject({
      ok: false,
      reason: expect.stringContaining(reason),
    });
  });

  test("any bytes at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 60 }), (bytes, id) => {
        const prefixed = Buffer.concat([Buffer.from([0, 0, 0, 0, id]), bytes]);
        for (const found of [decodeBody("events", bytes), decodeBody("requests", prefixed)]) {
          expect(typeof found.ok).toBe("boolean");
        }
      }),
      { numRuns: 500 },
    );
  });
});

test("a record that names its schema is read by that name, whatever id a registry gave the schema", () => {
  const message = sample(ARBITRARY_MESSAGES.load.LoadReported);
  const { value, headers } = encode<TopicName>("load", { key: "k", envelope, message });
  const numberedElsewhere = Buffer.from(value ?? []);
  for (const id of [1, 999_999]) {
    numberedElsewhere.writeInt32BE(id, 1);
    expect(decode("load", numberedElsewhere, headers)).toEqual({ ok: true, envelope, message });
  }
});

test("a record is written with the ids of the registry that it is for", () => {
  const message = sample(ARBITRARY_MESSAGES.load.LoadReported);
  const body = encodeBody("load", message, { ...LOCK_IDS, idOf: () => 4_711 });
  expect(body.readInt32BE(1)).toBe(4_711);
  expect(body.subarray(5)).toEqual(encodeBody("load", message).subarray(5));
});

test("a message that lacks a field is refused with the field's name and not its value", () => {
  const { port: _, ...broken } = {
    ...sample(ARBITRARY_MESSAGES.events.Accepted),
    port: 1,
    offer: 4711,
  } as Record<string, unknown>;
  const encodeBroken = (): unknown => encodeBody("events", broken as Parameters<typeof encodeBody>[1]);
  expect(encodeBroken).toThrow(UnencodableMessageError);
  expect(encodeBroken).toThrow(/offer, port missing|port, offer missing/);
  expect(encodeBroken).not.toThrow("4711");
});

test("a message of a type that no schema names is refused", () => {
  const unknown = { type: "Nonsense" } as unknown as Parameters<typeof encodeBody>[1];
  expect(() => encodeBody("events", unknown)).toThrow('events: no schema for a record "Nonsense"');
});

test("times and durations with a fraction are rounded to whole milliseconds", () => {
  const message = { ...sample(ARBITRARY_MESSAGES.load.LoadReported), at: 1.6 } as Parameters<
    typeof encodeBody
  >[1];
  expect(decodeBody("load", encodeBody("load", message))).toMatchObject({ message: { at: 2 } });
});

test("a time too large for Avro's long in JavaScript is refused, not changed", () => {
  const message = { ...sample(ARBITRARY_MESSAGES.load.LoadReported), at: LONG_MAX + 1 } as Parameters<
    typeof encodeBody
  >[1];
  expect(() => encodeBody("load", message)).toThrow(UnencodableMessageError);
});
