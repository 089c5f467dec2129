/**
 * Checks an export with nothing at hand but the file: that its lines are those that were signed, that each record
 * has the digest beside it, that the chain runs through records and left-out ones from anchor to end, and that
 * no Request misses a number. Any other byte than those that were written makes at least one of these fail.
 */
import {
  type ExportHeader,
  fileHashInput,
  type SignatureLine,
  signedText,
} from "../../domain/audit/export-file.ts";
import type { Finding } from "../../domain/audit/finding.ts";
import { toHex } from "../../domain/kernel/hex.ts";
import { LINK_BYTES } from "../../domain/kernel/record-chain.ts";
import type { ChainAnchor, ExportReport } from "../../domain/ports/audit.ts";
import type { Digests } from "../../domain/ports/digests.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";
import type { CheckSignature } from "../../domain/ports/signing.ts";
import { type Line, parseLine } from "./export-lines.ts";
import { LineTooLongError, linesOf } from "./lines.ts";
import { createRangeCheck, type RangeCheck, type RangePorts, type ReaderFor } from "./range-check.ts";
import { FINDINGS_MAX } from "./verify-log.ts";

export type CheckPorts = {
  readonly digests: Pick<Digests, "sha256">;
  readonly checkSignature: CheckSignature;
  readonly fromBase64: RangePorts["fromBase64"];
  readonly readerFor: ReaderFor;
};

export type CheckOptions = {
  /** The key that the file must be signed with, in hexadecimal; null: any, and the report says which. */
  readonly publicKey: string | null;
  readonly onRecord?: (record: Delivered<"events">) => void;
};

type Reading = {
  readonly findings: Finding[];
  readonly anchors: ChainAnchor[];
  header: ExportHeader | null;
  read: RangePorts["read"] | null;
  range: RangeCheck | null;
  ranges: number;
  records: number;
  requests: number;
  signature: SignatureLine | null;
  lines: number;
  hash: Uint8Array;
};

export async function checkExport(
  chunks: AsyncIterable<Uint8Array>,
  ports: CheckPorts,
  options: CheckOptions,
): Promise<ExportReport> {
  const reading: Reading = {
    findings: [],
    anchors: [],
    header: null,
    read: null,
    range: null,
    ranges: 0,
    records: 0,
    requests: 0,
    signature: null,
    lines: 0,
    hash: new Uint8Array(LINK_BYTES),
  };
  try {
    for await (const bytes of linesOf(chunks)) {
      takeBytes(reading, bytes, ports, options);
      if (reading.findings.length >= FINDINGS_MAX) break;
    }
  } catch (error) {
    if (!(error instanceof LineTooLongError)) throw error;
    malformed(reading, error.message);
  }
  finish(reading, ports, options);
  const { header, findings, records, requests, anchors } = reading;
  const signedBy = reading.signature?.publicKey ?? null;
  return { header, signedBy, records, requests, anchors, findings };
}

function found(reading: Reading, code: Finding["code"], detail: string): void {
  reading.findings.push({ code, place: null, request: null, detail });
}

function malformed(reading: Reading, detail: string): void {
  found(reading, "file-malformed", detail);
}

function takeBytes(reading: Reading, bytes: Uint8Array, ports: CheckPorts, options: CheckOptions): void {
  const number = reading.lines + 1;
  const line = parseLine(bytes);
  if (reading.signature !== null) return malformed(reading, `line ${number}: it stands after the signature`);
  if (line?.kind === "signature") {
    // The signature itself is under no hash: it must be written in the one way in which we write it.
    if (new TextDecoder().decode(bytes) === `${JSON.stringify(line)}\n`) reading.signature = line;
    else malformed(reading, `line ${number}: the signature is not written as ours are`);
    return;
  }
  const { digests } = ports;
  reading.hash = digests.sha256(fileHashInput(reading.hash, digests.sha256(bytes)));
  reading.lines = number;
  if (line === null) malformed(reading, `line ${number} is no line of an export`);
  else takeLine(reading, line, ports, options);
}

function takeLine(
  reading: Reading,
  line: Exclude<Line, SignatureLine>,
  ports: CheckPorts,
  options: CheckOptions,
): void {
  if (line.kind === "reveille-audit-export") return takeHeader(reading, line, ports);
  if (line.kind === "range") return beginRange(reading, line.partition, ports);
  const { range } = reading;
  if (range === null) return malformed(reading, `line ${reading.lines}: a ${line.kind} outside a range`);
  switch (line.kind) {
    case "record": {
      const { record, findings } = range.record(line);
      reading.findings.push(...findings);
      reading.records += 1;
      if (record !== null) options.onRecord?.(record);
      return;
    }
    case "left-out":
      reading.findings.push(...range.leftOut(line));
      return;
    case "end":
      reading.findings.push(...range.end(line));
      return endRange(reading, range);
    default:
      return line satisfies never;
  }
}

function takeHeader(reading: Reading, header: ExportHeader, { digests, readerFor }: CheckPorts): void {
  if (reading.lines !== 1) return malformed(reading, `line ${reading.lines}: a second header`);
  reading.header = header;
  reading.read = readerFor(header.schemas);
  for (const { subject, version, sha256, avro } of header.schemas) {
    if (toHex(digests.sha256(new TextEncoder().encode(avro))) !== sha256)
      malformed(reading, `${subject} v${version} is not the schema that its SHA-256 names`);
  }
}

function beginRange(reading: Reading, partition: number, { digests, fromBase64 }: CheckPorts): void {
  const { header, read, ranges } = reading;
  const range = header?.ranges[ranges];
  if (reading.range !== null || read === null || range?.partition !== partition)
    return malformed(reading, `line ${reading.lines}: a range of partition ${partition} is not next`);
  reading.ranges += 1;
  reading.range = createRangeCheck(range, { digests, fromBase64, read });
}

function endRange(reading: Reading, range: RangeCheck): void {
  const anchor = range.anchor();
  if (anchor !== null) reading.anchors.push(anchor);
  reading.requests += range.requests();
  reading.range = null;
}

function finish(reading: Reading, { checkSignature }: CheckPorts, { publicKey }: CheckOptions): void {
  const { header, signature, lines, ranges } = reading;
  if (header === null || reading.range !== null || ranges !== header.ranges.length)
    malformed(reading, "the file has no header, or ends before all that its header names");
  if (signature === null) return found(reading, "signature-wrong", "the file is not signed");
  const hash = toHex(reading.hash);
  if (hash !== signature.hash || lines !== signature.lines) {
    const detail = `${lines} lines with the hash ${hash}; signed were ${signature.lines} with ${signature.hash}`;
    found(reading, "file-changed", detail);
  }
  if (!checkSignature({ ...signature, bytes: signedText(signature) }))
    found(reading, "signature-wrong", `it is not of the key ${signature.publicKey}`);
  if (publicKey !== null && publicKey !== signature.publicKey)
    found(reading, "key-differs", `the file names ${signature.publicKey}, expected was ${publicKey}`);
}
