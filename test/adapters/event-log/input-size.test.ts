/** What an owner could not carry on is neither appended nor taken, in either form in which records are kept. */
import { describe, expect, test } from "vitest";
import { INPUT_BYTES_MAX, INPUT_ENVELOPE_CHARACTERS_MAX } from "../../../adapters/event-log/input-size.ts";
import * as kafka from "../../../adapters/event-log/kafka/kafka-record.ts";
import { EMBEDDED_PARTITIONS } from "../../../adapters/event-log/partitions.ts";
import * as embedded from "../../../adapters/event-log/stored-record.ts";
import { unownedEnvelope } from "../../../domain/kernel/envelope.ts";
import { instant } from "../../../domain/kernel/time.ts";
import type { Delivered, Entry } from "../../../domain/ports/event-log.ts";
import { writeHeaders } from "../../../schemas/cloud-event-headers.ts";
import { encodeBody } from "../../../schemas/message-body.ts";
import { LOCK_IDS } from "../../../schemas/schema-ids.ts";
import { NINE, submission } from "../../support/sample-request.ts";

const NOTICES = 1_000;

/** A Request with so many characters more than it needs. */
function entry(more: number, id = "id", character = "x"): Entry<"requests"> {
  const message = submission({ notify: [character.repeat(more)] });
  const envelope = unownedEnvelope({ id, source: "test", subject: null, time: NINE, causationId: null });
  return { key: "k", slot: 0 as Entry<"requests">["slot"], envelope, message };
}

const delivered = {
  embedded({ key, envelope, message }: Entry<"requests">): Delivered<"requests"> {
    const value = message === null ? null : encodeBody("requests", message);
    const packed = embedded.packEnvelope(envelope);
    return embedded.toDelivered("requests", 0, {
      offset: 0,
      appendedAt: instant(0),
      key,
      value,
      envelope: packed,
    });
  },
  kafka({ key, envelope, message }: Entry<"requests">): Delivered<"requests"> {
    const value = message === null ? null : encodeBody("requests", message);
    const headers = writeHeaders(envelope, { type: "t", dataSchema: null, partitionKey: key });
    return kafka.toDelivered(
      "requests",
      0,
      { offset: 0, appendedAt: instant(0), key, value, headers },
      LOCK_IDS,
    );
  },
};
const written = {
  embedded: (one: Entry<"requests">) => embedded.toStore(EMBEDDED_PARTITIONS, "requests", one),
  kafka: (one: Entry<"requests">) => kafka.toOutgoing("requests", one, LOCK_IDS),
};

for (const log of ["embedded", "kafka"] as const) {
  describe(`a record of requests, ${log}`, () => {
    test("that its owner can carry on is appended and taken, up to the limit", () => {
      const large = entry(INPUT_BYTES_MAX - 2 * NOTICES);
      expect(() => written[log](large)).not.toThrow();
      expect(delivered[log](large).ok).toBe(true);
    });

    test("with a body over the limit is refused, and unreadable where somebody else wrote it", () => {
      const huge = entry(INPUT_BYTES_MAX + 1);
      expect(() => written[log](huge)).toThrow(embedded.RecordTooLargeError);
      expect(delivered[log](huge)).toMatchObject({ ok: false, reason: expect.stringContaining("at most") });
    });

    test("that grows over the limit as JSON, in which its owner remembers it, is no other", () => {
      const growing = entry(INPUT_BYTES_MAX / 4, "id", "\u0001");
      expect(() => written[log](growing)).toThrow(embedded.RecordTooLargeError);
      expect(delivered[log](growing).ok).toBe(false);
    });

    test("whose id would make every event after it large is no other", () => {
      const named = entry(1, "i".repeat(INPUT_ENVELOPE_CHARACTERS_MAX + 1));
      expect(() => written[log](named)).toThrow(embedded.RecordTooLargeError);
      expect(delivered[log](named)).toMatchObject({
        ok: false,
        reason: expect.stringContaining("characters"),
      });
    });
  });
}
