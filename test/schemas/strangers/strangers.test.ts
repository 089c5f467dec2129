/**
 * Records that a stranger reads: Python's fastavro, with nothing but the .avsc files, gets out of our bytes what
 * we put in. Every record that is written today, with generated values, times in the years that Python knows.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc, { type Arbitrary } from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Messages, TopicName } from "../../../domain/ports/event-log.ts";
import { encodeBody, schemaOf } from "../../../schemas/message-body.ts";
import { SCHEMA_FOLDER } from "../../../schemas/schema-files.ts";
import { pythonWith } from "../../support/python.ts";
import { EVERY_RECORD } from "../arbitrary-messages.ts";
import { fieldsOf, type Schema, timelyMessage } from "./written-fields.ts";

const SAMPLES_PER_RECORD = 15;
const SCRIPT = join(import.meta.dirname, "read-records.py");
const found = pythonWith("fastavro");
const python = "python" in found ? found.python : null;
const why = "missing" in found ? `: ${found.missing}` : "";

type Sample = {
  readonly schemaFile: string;
  readonly id: number;
  readonly fields: unknown;
  readonly hex: string;
};

function samplesOf(topic: TopicName, arbitrary: Arbitrary<Messages[TopicName]>): readonly Sample[] {
  return fc
    .sample(arbitrary, { seed: 11, numRuns: 4 * SAMPLES_PER_RECORD })
    .filter(survivesJson)
    .slice(0, SAMPLES_PER_RECORD)
    .map((any) => {
      const { record, version, id } = schemaOf(topic, any);
      const schemaFile = join(SCHEMA_FOLDER, topic, `${record}.v${version}.avsc`);
      const schema = JSON.parse(readFileSync(schemaFile, "utf8")) as Schema;
      const message = timelyMessage(schema, any);
      return {
        schemaFile,
        id,
        fields: fieldsOf(schema, message),
        hex: encodeBody(topic, message).toString("hex"),
      };
    });
}

/** What JSON can't carry (an infinite double) is left to our own tests of the codec. */
function survivesJson(message: unknown): boolean {
  return !JSON.stringify(message, (_, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? "no number" : value,
  ).includes("no number");
}

/** By one process for all: starting Python takes longer than reading. */
function readByStranger(samples: readonly Sample[]): readonly unknown[] {
  const input = samples.map(({ schemaFile, hex }) => JSON.stringify({ schema: schemaFile, hex })).join("\n");
  const done = spawnSync(python ?? "", [SCRIPT], { input, encoding: "utf8", maxBuffer: 100_000_000 });
  if (done.status !== 0) throw new Error(`read-records.py ended with ${done.status}: ${done.stderr}`);
  return done.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

describe.skipIf(python === null)(`a stranger${why}`, () => {
  const written = new Map(
    EVERY_RECORD.map(([topic, record, arbitrary]) => [`${topic}: ${record}`, samplesOf(topic, arbitrary)]),
  );
  const read = new Map<Sample, unknown>();

  beforeAll(() => {
    const all = [...written.values()].flat();
    for (const [index, value] of readByStranger(all).entries()) {
      const sample = all[index];
      if (sample !== undefined) read.set(sample, value);
    }
  });

  test.each([...written])("reads %s with the values that were written", (_, samples) => {
    expect(samples).toHaveLength(SAMPLES_PER_RECORD);
    for (const sample of samples) {
      expect(read.get(sample)).toEqual({ id: sample.id, value: sample.fields, left: 0 });
    }
  });
});
