/** `node test/schemas/golden-samples.ts` adds a sample for each schema version that has none, and changes none. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Messages, TopicName } from "../../domain/ports/event-log.ts";
import { encodeBody, schemaOf } from "../../schemas/message-body.ts";
import { EVERY_RECORD } from "./arbitrary-messages.ts";

export type GoldenSample = {
  readonly topic: TopicName;
  readonly record: string;
  readonly subject: string;
  readonly version: number;
  readonly message: Messages[TopicName];
  /** Magic byte, schema id and Avro body. */
  readonly hex: string;
};

export const GOLDEN_FILE = join(import.meta.dirname, "golden-bytes.json");

function addSamples(known: readonly GoldenSample[]): readonly GoldenSample[] {
  const added = EVERY_RECORD.flatMap(([topic, record, arbitrary]) => {
    const [message] = fc.sample(arbitrary, { seed: 4711, numRuns: 1 });
    if (message === undefined) return [];
    const { subject, version } = schemaOf(topic, message);
    if (known.some((sample) => sample.subject === subject && sample.version === version)) return [];
    // Through JSON once: what the file can't hold (a double's infinity) must not be in a sample.
    const stored = JSON.parse(JSON.stringify(message)) as typeof message;
    return [
      { topic, record, subject, version, message: stored, hex: encodeBody(topic, stored).toString("hex") },
    ];
  });
  return [...known, ...added];
}

if (process.argv[1] === import.meta.filename) {
  const known = existsSync(GOLDEN_FILE)
    ? (JSON.parse(readFileSync(GOLDEN_FILE, "utf8")) as readonly GoldenSample[])
    : [];
  writeFileSync(GOLDEN_FILE, `${JSON.stringify(addSamples(known), null, 2)}\n`);
}
