/**
 * Writes a part of the log into lines that prove themselves (`domain/audit/export-file.ts`). A partition is read
 * twice: first to know what will be in the file, which its header says, then to write it. So nothing is held in
 * memory but one batch, and the digests of up to a thousand records that were left out.
 */
import {
  type BodyLine,
  EXPORT_KIND,
  EXPORT_VERSION,
  type ExportedRange,
  type ExportedSchema,
  type ExportHeader,
  fileHashInput,
  LEFT_OUT_PER_LINE_MAX,
  type RecordLine,
  type SignatureLine,
  signedText,
} from "../../domain/audit/export-file.ts";
import { fromHex, toHex } from "../../domain/kernel/hex.ts";
import { FIRST_LINK, LINK_BYTES } from "../../domain/kernel/record-chain.ts";
import { formatInstant } from "../../domain/kernel/time.ts";
import type { AuditSelection, OnProgress } from "../../domain/ports/audit.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Digests } from "../../domain/ports/digests.ts";
import type { Delivered, EventLog, Proof } from "../../domain/ports/event-log.ts";
import type { Signer } from "../../domain/ports/signing.ts";
import { isSelected, partitionsOf } from "./history.ts";
import { createLinkWalk } from "./link-walk.ts";

export type ExportPorts = {
  readonly log: Pick<EventLog, "read" | "partitionCount">;
  readonly digests: Pick<Digests, "sha256">;
  readonly clock: Pick<Clock, "now">;
  readonly signer: Signer;
  /** What the number in a body stands for, whose record names its schema so; null: nobody here knows. */
  readonly schemaOf: (body: Uint8Array, named: string | null) => ExportedSchema | null;
  readonly toBase64: (bytes: Uint8Array) => string;
};

/** Lines, each with its line feed. Throws `LogUnavailableError`. */
export async function* exportLog(
  ports: ExportPorts,
  selection: AuditSelection,
  onProgress: OnProgress,
): AsyncGenerator<string> {
  const sealed = createSeal(ports);
  const { ranges, schemas } = await survey(ports, selection, onProgress);
  const header: ExportHeader = {
    kind: EXPORT_KIND,
    version: EXPORT_VERSION,
    madeAt: formatInstant(ports.clock.now()),
    selection: inWords(selection),
    ranges,
    schemas,
  };
  yield sealed.line(header);
  const placeOf = createPlaces(schemas, ports.schemaOf);
  for (const range of ranges) {
    for await (const line of rangeLines(ports, range, { selection, placeOf })) yield sealed.line(line);
  }
  yield sealed.signature();
}

function inWords({ request, customer, from, to }: AuditSelection): Record<string, string> {
  const words = {
    ...(request === null ? {} : { request }),
    ...(customer === null ? {} : { customer }),
    ...(from === null ? {} : { from: formatInstant(from) }),
    ...(to === null ? {} : { to: formatInstant(to) }),
  };
  return Object.keys(words).length === 0 ? { all: "yes" } : words;
}

/** Every line on its way into the file goes through its hash. */
function createSeal({ digests, signer }: ExportPorts) {
  let hash: Uint8Array = new Uint8Array(LINK_BYTES);
  let lines = 0;
  return {
    line(content: ExportHeader | BodyLine): string {
      const text = `${JSON.stringify(content)}\n`;
      hash = digests.sha256(fileHashInput(hash, digests.sha256(new TextEncoder().encode(text))));
      lines += 1;
      return text;
    },
    signature(): string {
      const sealed = { lines, hash: toHex(hash) };
      const line: SignatureLine = {
        kind: "signature",
        ...sealed,
        publicKey: signer.publicKey,
        signature: signer.sign(signedText(sealed)),
      };
      return `${JSON.stringify(line)}\n`;
    },
  };
}

type Survey = { readonly ranges: ExportedRange[]; readonly schemas: ExportedSchema[] };

async function survey(
  ports: ExportPorts,
  selection: AuditSelection,
  onProgress: OnProgress,
): Promise<Survey> {
  const ranges: ExportedRange[] = [];
  const schemas = new Map<string, ExportedSchema>();
  for (const partition of partitionsOf(ports.log, selection)) {
    const range = await surveyPartition(ports, { partition, selection, onProgress }, schemas);
    if (range !== null) ranges.push(range);
  }
  return { ranges, schemas: [...schemas.values()].toSorted(inOrder) };
}

type Course = {
  readonly partition: number;
  readonly selection: AuditSelection;
  readonly onProgress: OnProgress;
};

async function surveyPartition(
  { log, digests, schemaOf }: ExportPorts,
  { partition, selection, onProgress }: Course,
  schemas: Map<string, ExportedSchema>,
): Promise<ExportedRange | null> {
  let walk: ReturnType<typeof createLinkWalk> | null = null;
  let found: { first: number; last: number; records: number; leftOut: number; anchor: string | null } | null =
    null;
  let since = 0;
  let read = 0;
  for await (const records of log.read("events", partition, { proofs: true })) {
    for (const record of records) {
      // Of a log that begins later than at its first record nothing is known before its first link.
      walk ??= createLinkWalk(digests, record.offset === 0 ? FIRST_LINK : null);
      const proof = proofOf(record);
      if (isSelected(record, selection)) {
        found ??= { first: record.offset, last: 0, records: 0, leftOut: 0, anchor: walk.head() };
        found.last = record.offset;
        found.records += 1;
        found.leftOut += since;
        since = 0;
        noteSchema(schemas, schemaIn(proof, schemaOf));
      } else if (found !== null) since += 1;
      pass(walk, proof);
    }
    read += records.length;
    onProgress({ topic: "events", partition, records: read });
  }
  return found === null ? null : { partition, ...found };
}

function schemaIn({ body, schema }: Proof, schemaOf: ExportPorts["schemaOf"]): ExportedSchema | null {
  return body === null ? null : schemaOf(body, schema ?? null);
}

const nameOf = ({ id, subject, version }: ExportedSchema): string => `${id} ${subject} ${version}`;

function noteSchema(schemas: Map<string, ExportedSchema>, schema: ExportedSchema | null): void {
  if (schema !== null) schemas.set(nameOf(schema), schema);
}

function inOrder(one: ExportedSchema, other: ExportedSchema): number {
  return one.id - other.id || one.subject.localeCompare(other.subject, "en") || one.version - other.version;
}

/** Which of the file's schemas a record was written with, where the number in its body does not say it. */
function createPlaces(
  schemas: readonly ExportedSchema[],
  schemaOf: ExportPorts["schemaOf"],
): (proof: Proof) => number | null {
  const ambiguous = schemas.some(({ id }, place) => schemas[place + 1]?.id === id);
  if (!ambiguous) return () => null;
  const places = new Map(schemas.map((schema, place) => [nameOf(schema), place]));
  return (proof) => {
    const schema = schemaIn(proof, schemaOf);
    const alike = schemas.filter(({ id }) => id === schema?.id).length;
    return schema === null || alike < 2 ? null : (places.get(nameOf(schema)) ?? null);
  };
}

function proofOf(record: Delivered<"events">): Proof {
  if (record.proof === undefined) throw new Error("audit: the log was read without proofs");
  return record.proof;
}

const digestOf = (proof: Proof): Uint8Array => fromHex(proof.digest) ?? new Uint8Array(LINK_BYTES);

function pass(walk: ReturnType<typeof createLinkWalk>, proof: Proof): void {
  if (proof.chain === null) walk.pass(digestOf(proof));
  else walk.take(digestOf(proof), proof.chain);
}

async function* rangeLines(
  { log, digests, toBase64 }: ExportPorts,
  range: ExportedRange,
  {
    selection,
    placeOf,
  }: { readonly selection: AuditSelection; readonly placeOf: (proof: Proof) => number | null },
): AsyncGenerator<BodyLine> {
  const { partition, first, last, anchor } = range;
  const walk = createLinkWalk(digests, anchor === null ? null : fromHex(anchor));
  let leftOut: Uint8Array[] = [];
  const flush = function* (): Generator<BodyLine> {
    if (leftOut.length === 0) return;
    yield { kind: "left-out", count: leftOut.length, digests: toBase64(joined(leftOut)) };
    leftOut = [];
  };
  yield { kind: "range", partition };
  for await (const records of log.read("events", partition, { from: first, to: last + 1, proofs: true })) {
    for (const record of records) {
      const proof = proofOf(record);
      pass(walk, proof);
      if (!isSelected(record, selection)) {
        leftOut.push(digestOf(proof));
        if (leftOut.length === LEFT_OUT_PER_LINE_MAX) yield* flush();
        continue;
      }
      yield* flush();
      const schema = placeOf(proof);
      yield { ...recordLine(record, proof, toBase64), ...(schema === null ? {} : { schema }) };
    }
  }
  yield { kind: "end", partition, link: walk.head() };
}

function recordLine(
  record: Delivered<"events">,
  proof: Proof,
  toBase64: ExportPorts["toBase64"],
): RecordLine {
  return {
    kind: "record",
    offset: record.offset,
    at: formatInstant(record.appendedAt),
    key: record.key,
    body: proof.body === null ? null : toBase64(proof.body),
    envelope: proof.envelope,
    digest: proof.digest,
    link: proof.chain,
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.length * LINK_BYTES);
  for (const [index, part] of parts.entries()) bytes.set(part, index * LINK_BYTES);
  return bytes;
}
