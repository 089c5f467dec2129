/**
 * Bytes that were written once and must be read for ever. `golden-bytes.json` has one sample per schema version;
 * a new version gets its sample from `node test/schemas/golden-samples.ts`, an old one never changes.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeBody, encodeBody } from "../../schemas/message-body.ts";
import { WRITTEN_VERSIONS } from "../../schemas/record-names.ts";
import { readLock } from "../../schemas/registry-lock.ts";
import { SCHEMA_FOLDER } from "../../schemas/schema-files.ts";
import { GOLDEN_FILE, type GoldenSample } from "./golden-samples.ts";

const samples = JSON.parse(readFileSync(GOLDEN_FILE, "utf8")) as readonly GoldenSample[];

test("every version of every schema has its golden bytes", () => {
  expect(samples.map(({ subject, version }) => `${subject} v${version}`).toSorted()).toEqual(
    readLock(SCHEMA_FOLDER)
      .map(({ subject, version }) => `${subject} v${version}`)
      .toSorted(),
  );
});

test.each(samples)("$subject v$version is still read", ({ topic, message, hex }) => {
  expect(decodeBody(topic, Buffer.from(hex, "hex"))).toMatchObject({ ok: true, message });
});

function isWritten({ topic, record, version }: GoldenSample): boolean {
  const versions: Readonly<Record<string, number>> = WRITTEN_VERSIONS[topic];
  return versions[record] === version;
}

test.each(samples.filter(isWritten))("$topic $record is written byte for byte as it was", ({
  topic,
  message,
  hex,
}) => {
  expect(encodeBody(topic, message).toString("hex")).toBe(hex);
});
