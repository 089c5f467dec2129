/** One range of an export: its records, what was left out between them, and the chain through both. */
import type { BodyLine, ExportedRange, ExportedSchema, RecordLine } from "../../domain/audit/export-file.ts";
import { LEFT_OUT_PER_LINE_MAX } from "../../domain/audit/export-file.ts";
import type { Finding } from "../../domain/audit/finding.ts";
import { fromHex, toHex } from "../../domain/kernel/hex.ts";
import { digestInput, LINK_BYTES } from "../../domain/kernel/record-chain.ts";
import { type Instant, parseInstant } from "../../domain/kernel/time.ts";
import type { ChainAnchor } from "../../domain/ports/audit.ts";
import type { Digests } from "../../domain/ports/digests.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";
import { createLinkWalk } from "./link-walk.ts";
import { createSequenceCheck } from "./sequence-check.ts";

/** A record as a log would deliver it. */
export type StoredThere = {
  readonly partition: number;
  readonly offset: number;
  readonly appendedAt: Instant;
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly envelope: string;
  /** Place of the body's schema among those of the file; null: the number in the body says it. */
  readonly schema: number | null;
};

export type RangePorts = {
  readonly digests: Pick<Digests, "sha256">;
  readonly fromBase64: (text: string) => Uint8Array;
  /** Reads a record by the schemas that the file holds. */
  readonly read: (stored: StoredThere) => Delivered<"events">;
};

/** Reads records by the schemas that a file holds. */
export type ReaderFor = (schemas: readonly ExportedSchema[]) => RangePorts["read"];

type Line<Kind extends BodyLine["kind"]> = Extract<BodyLine, { readonly kind: Kind }>;
type Found = Pick<Finding, "code" | "detail">;

export type RangeCheck = {
  /** The record itself is null where the line can't be one. */
  record(line: RecordLine): {
    readonly record: Delivered<"events"> | null;
    readonly findings: readonly Finding[];
  };
  leftOut(line: Line<"left-out">): readonly Finding[];
  end(line: Line<"end">): readonly Finding[];
  requests(): number;
  /** The newest record with a link; null: none has one. */
  anchor(): ChainAnchor | null;
};

export function createRangeCheck(
  range: ExportedRange,
  { digests, fromBase64, read }: RangePorts,
): RangeCheck {
  const { partition, first, last, anchor: start } = range;
  const walk = createLinkWalk(digests, start === null ? null : fromHex(start));
  const sequences = createSequenceCheck(digests);
  let at = -1;
  let records = 0;
  let leftOut = 0;
  let anchor: ChainAnchor | null = null;

  const placed = (offset: number, found: readonly Found[]): Finding[] =>
    found.map((one) => ({ ...one, place: { topic: "events", partition, offset }, request: null }));

  function follow(line: RecordLine, digest: Uint8Array): Found[] {
    const found: Found[] = [];
    if (line.offset <= at || line.offset < first || line.offset > last)
      found.push({ code: "file-malformed", detail: "it is not in the order or the range of the header" });
    if (toHex(digest) !== line.digest)
      found.push({ code: "digest-differs", detail: `its bytes have ${toHex(digest)}` });
    if (line.link === null) walk.pass(digest);
    else if (!walk.take(digest, line.link))
      found.push({ code: "chain-broken", detail: "what stands before it is not what was linked" });
    return found;
  }

  return {
    record(line) {
      const { offset, key, envelope } = line;
      const appendedAt = parseInstant(line.at);
      if (appendedAt === null)
        return {
          record: null,
          findings: placed(offset, [{ code: "file-malformed", detail: "it has no time" }]),
        };
      const body = line.body === null ? null : fromBase64(line.body);
      const found = follow(line, digests.sha256(digestInput({ key, body, envelope })));
      const proof = { digest: line.digest, chain: line.link, body, envelope };
      const stored = {
        partition,
        offset,
        appendedAt,
        key,
        value: body,
        envelope,
        schema: line.schema ?? null,
      };
      const record = { ...read(stored), proof };
      if (!record.ok) found.push({ code: "unreadable", detail: record.reason });
      at = offset;
      records += 1;
      if (line.link !== null) anchor = { partition, offset, link: line.link };
      return { record, findings: [...placed(offset, found), ...sequences.take(record)] };
    },
    leftOut(line) {
      const bytes = fromBase64(line.digests);
      leftOut += line.count;
      for (let from = 0; from < bytes.length; from += LINK_BYTES)
        walk.pass(bytes.subarray(from, from + LINK_BYTES));
      if (line.count <= LEFT_OUT_PER_LINE_MAX && bytes.length === line.count * LINK_BYTES) return [];
      return placed(at, [{ code: "file-malformed", detail: "left-out records are not as many as they say" }]);
    },
    end(line) {
      const found: Found[] = [];
      if (
        line.partition !== partition ||
        records !== range.records ||
        leftOut !== range.leftOut ||
        at !== last
      ) {
        const detail = `${records} records and ${leftOut} left out up to ${at}, the header says otherwise`;
        found.push({ code: "file-malformed", detail });
      }
      if (walk.head() !== line.link)
        found.push({ code: "chain-broken", detail: "the link at the end is not the one that follows" });
      return placed(at, found);
    },
    requests: sequences.requests,
    anchor: () => anchor,
  };
}
