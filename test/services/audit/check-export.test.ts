/** Exports that prove themselves: what is accepted, and that nothing else is. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkSignature, makeSigningKey, openSigningKey } from "../../../adapters/system/signing-key.ts";
import { readExported } from "../../../compose/exported-record.ts";
import { LEFT_OUT_PER_LINE_MAX, LINE_BYTES_MAX } from "../../../domain/audit/export-file.ts";
import { FINDINGS } from "../../../domain/audit/finding.ts";
import { toHex } from "../../../domain/kernel/hex.ts";
import { parseCustomerKey, slotOfRequest } from "../../../domain/kernel/identifiers.ts";
import type { AuditSelection, ExportReport } from "../../../domain/ports/audit.ts";
import type { Signer } from "../../../domain/ports/signing.ts";
import { houseCatalogue } from "../../../schemas/catalogue.ts";
import { createSchemaTexts } from "../../../schemas/exported-schemas.ts";
import { schemaIdOf } from "../../../schemas/message-body.ts";
import { LOCK_IDS } from "../../../schemas/schema-ids.ts";
import { checkExport } from "../../../services/audit/check-export.ts";
import { exportLog } from "../../../services/audit/export-log.ts";
import { linesOf } from "../../../services/audit/lines.ts";
import { requireProgram } from "../../support/installed.ts";
import { NINE } from "../../support/sample-request.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import {
  busiest,
  copyOf,
  digests,
  type History,
  makeHistory,
  readOnlyLog,
  relink,
  withBody,
} from "./audited-history.ts";

const ALL: AuditSelection = { request: null, customer: null, from: null, to: null };
const textOf = createSchemaTexts(LOCK_IDS);

let folder: string;
let history: History;
let signer: Signer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "reveille-export-"));
  const path = join(folder, "audit.key");
  makeSigningKey(path);
  signer = openSigningKey(path);
  history = await makeHistory();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function exported(
  selection: AuditSelection,
  from: History = history,
  by: Signer = signer,
): Promise<Buffer> {
  const ports = {
    log: readOnlyLog(from),
    digests,
    clock: createVirtualClock(NINE),
    signer: by,
    schemaOf: (body: Uint8Array, named: string | null) => textOf(schemaIdOf(body) ?? -1, named),
    toBase64: (bytes: Uint8Array) => Buffer.from(bytes).toString("base64"),
  };
  const lines: string[] = [];
  for await (const line of exportLog(ports, selection, () => undefined)) lines.push(line);
  return Buffer.from(lines.join(""));
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield new Uint8Array(1_000_000).fill(0x61);
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

function checked(bytes: Uint8Array, publicKey: string | null = null, chunk = 65_536): Promise<ExportReport> {
  const ports = { digests, checkSignature, fromBase64, readerFor: readExported };
  return checkExport(inChunks(bytes, chunk), ports, { publicKey });
}

function faults({ findings }: ExportReport): string[] {
  return findings.flatMap(({ code }) => (FINDINGS[code].severity === "fault" ? [code] : []));
}

/**
 * As if a registry had come in the middle: of each partition the later records carry other ids, which stood for
 * other schemas before. Each record names its own, as those on Kafka do.
 */
function numberedAnew(changed: History): History {
  const ids = houseCatalogue()
    .readings.filter(({ writer }) => writer.topic === "events")
    .map(({ writer }) => writer.id);
  for (const records of changed.events ?? []) {
    for (const [index, record] of records.entries()) {
      if (record.proof?.body === undefined || record.proof.body === null) continue;
      const body = Buffer.from(record.proof.body);
      const id = body.readInt32BE(1);
      const schema = houseCatalogue().reading(id)?.writer.urn ?? "";
      if (index >= records.length / 2) body.writeInt32BE(ids[(ids.indexOf(id) + 1) % ids.length] ?? 0, 1);
      const renumbered = withBody(record, Uint8Array.from(body));
      records[index] = { ...renumbered, proof: { ...(renumbered.proof ?? record.proof), schema } };
    }
    relink(records, 0);
  }
  return changed;
}

function aRequest() {
  const received = busiest(history)
    .filter((record) => record.ok && record.message?.type === "RequestReceived")
    .at(-1);
  const subject = received?.ok === true ? received.envelope.subject : null;
  if (subject === null) throw new Error("nothing was received");
  return subject as NonNullable<AuditSelection["request"]>;
}

test("the key that exports are signed with is made once, and never over one that is there", () => {
  const path = join(folder, "once.key");
  expect(makeSigningKey(path)).toBe(true);
  const { publicKey } = openSigningKey(path);
  expect(makeSigningKey(path)).toBe(false);
  expect(openSigningKey(path).publicKey).toBe(publicKey);
});

describe("an export as it was written (L09)", () => {
  test("is accepted, however it is cut into chunks", async () => {
    const bytes = await exported(ALL);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5_000 }), async (chunk) => {
        const report = await checked(bytes, signer.publicKey, chunk);
        expect(report.findings).toEqual([]);
        expect(report.records).toBe(history.events?.flat().length);
      }),
      { numRuns: 10 },
    );
  });

  test("of one Request is a part of the whole: its chain ends where that of everything is at the same place", async () => {
    const request = aRequest();
    const part = await checked(await exported({ ...ALL, request }));
    const whole = await checked(await exported(ALL));
    expect(part.findings).toEqual([]);
    expect(part.requests).toBe(1);
    expect(part.records).toBeLessThan(whole.records);
    const partition = slotOfRequest(request) % 8;
    const [anchor] = part.anchors;
    const there = (history.events?.[partition] ?? []).find(({ offset }) => offset === anchor?.offset);
    expect(anchor).toMatchObject({ partition, link: there?.proof?.chain });
  });

  test("of one Customer leaves out what stands between, and the chain runs through it all the same", async () => {
    const customer = parseCustomerKey(
      busiest(history).find(({ key }) => parseCustomerKey(key) !== null)?.key ?? "",
    );
    const report = await checked(await exported({ ...ALL, customer }));
    expect(report.findings).toEqual([]);
    expect(report.header?.ranges[0]?.leftOut).toBeGreaterThan(0);
  });

  test("names at most a thousand left-out records in a line, however many there are", async () => {
    const longer = copyOf(history);
    const records = busiest(longer);
    const middle = records.findIndex((record) => record.ok && record.message?.type === "CallRinging");
    const [mark] = records;
    if (mark?.proof === undefined) throw new Error("nothing happened");
    const { proof } = mark;
    const foreign = Array.from({ length: 2_500 }, (_, index) => ({
      ...mark,
      key: "somebody else's",
      proof: { ...proof, digest: toHex(digests.sha256(Uint8Array.of(index & 255, index >> 8))), chain: "" },
    }));
    records.splice(middle, 0, ...foreign);
    for (const [offset, record] of records.entries()) records[offset] = { ...record, offset };
    relink(records, 0);
    const key = records[middle - 1]?.key ?? "";
    const bytes = await exported({ ...ALL, customer: parseCustomerKey(key) }, longer);
    const counts = bytes
      .toString("utf8")
      .split("\n")
      .flatMap((line) =>
        line.includes('"left-out"') ? [(JSON.parse(line) as { count: number }).count] : [],
      );
    expect(counts).toContain(LEFT_OUT_PER_LINE_MAX);
    expect(Math.max(...counts)).toBe(LEFT_OUT_PER_LINE_MAX);
    expect((await checked(bytes)).findings).toEqual([]);
  });

  test("is accepted by a checker in another language, which refuses what was changed", async (context) => {
    const python = requireProgram(context, "python3");
    const customer = parseCustomerKey(
      busiest(history).find(({ key }) => parseCustomerKey(key) !== null)?.key ?? "",
    );
    const program = fileURLToPath(new URL("../../../examples/audit/check-export.py", import.meta.url));
    const path = join(folder, "stranger.ndjson");
    const ask = (): { status: number | null; said: string } => {
      const { status, stdout } = spawnSync(python, [program, path, signer.publicKey], { encoding: "utf8" });
      return { status, said: stdout };
    };
    for (const selection of [ALL, { ...ALL, customer }, { ...ALL, request: aRequest() }]) {
      const bytes = await exported(selection);
      writeFileSync(path, bytes);
      expect(ask()).toMatchObject({ status: 0, said: expect.stringMatching(/^sound: \d+ records/) });
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      expect(ask()).toMatchObject({ status: 1, said: expect.stringContaining("not sound") });
    }
  });

  test("of a log whose later half was numbered by a registry shows every record as what it is (0009)", async () => {
    const renumbered = numberedAnew(copyOf(history));
    const bytes = await exported(ALL, renumbered);
    const shown: string[] = [];
    const ports = { digests, checkSignature, fromBase64, readerFor: readExported };
    const report = await checkExport(inChunks(bytes, 65_536), ports, {
      publicKey: null,
      onRecord: (record) => void shown.push(record.ok ? String(record.message?.type) : record.reason),
    });
    expect(report.findings).toEqual([]);
    const types = history.events?.flat().map((record) => (record.ok ? record.message?.type : "unreadable"));
    expect(shown).toEqual(types);
    const ids = report.header?.schemas.map(({ id }) => id) ?? [];
    expect(new Set(ids).size).toBeLessThan(ids.length);
    expect(bytes.toString("utf8")).toMatch(/"kind":"record".*"schema":\d+}/);
  });

  test("that was changed to name another schema's place is refused as changed, and read as nothing", async () => {
    const text = (await exported(ALL, numberedAnew(copyOf(history)))).toString("utf8");
    const report = await checked(Buffer.from(text.replace(/"schema":\d+}/, '"schema":99}')));
    expect(faults(report)).toContain("file-changed");
    expect(faults(report)).toContain("unreadable");
  });

  test("of a span of time begins in the middle of Requests, and is accepted", async () => {
    const [, , , , , , middle] = busiest(history);
    if (middle?.ok !== true) throw new Error("too little happened");
    const report = await checked(await exported({ ...ALL, from: middle.envelope.time }));
    expect(report.findings).toEqual([]);
    expect(report.records).toBeGreaterThan(0);
  });

  test("of nothing is accepted, and says so", async () => {
    const request = `${aRequest().slice(0, -4)}_fff` as ReturnType<typeof aRequest>;
    expect(await checked(await exported({ ...ALL, request }))).toMatchObject({
      records: 0,
      findings: [],
      anchors: [],
    });
  });
});

describe("an export that was changed (L09)", () => {
  test("in any one byte is refused", async () => {
    const bytes = await exported({ ...ALL, request: aRequest() });
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ by;
        expect(faults(await checked(changed))).not.toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  test("in any byte of its signature line is refused", async () => {
    const bytes = await exported({ ...ALL, request: aRequest() });
    const from = bytes.subarray(0, -1).lastIndexOf("\n") + 1;
    for (let at = from; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect({ at, sound: faults(await checked(changed)).length === 0 }).toEqual({ at, sound: false });
    }
  });

  test("by a byte more, or fewer, anywhere, is refused", async () => {
    const bytes = await exported({ ...ALL, request: aRequest() });
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.boolean(), async (at, more) => {
        const changed = Buffer.concat([
          bytes.subarray(0, at),
          ...(more ? [Buffer.from(" ")] : []),
          bytes.subarray(more ? at : at + 1),
        ]);
        if (changed.equals(bytes)) return;
        expect(faults(await checked(changed))).not.toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test("by a line that is left out, doubled or moved is refused", async () => {
    const lines = (await exported(ALL)).toString("utf8").trimEnd().split("\n");
    await fc.assert(
      fc.asyncProperty(
        fc.nat(lines.length - 1),
        fc.nat(lines.length - 1),
        fc.nat(2),
        async (one, other, how) => {
          const changed = [...lines];
          const [line = ""] = how === 1 ? [changed[one]] : changed.splice(one, 1);
          if (how > 0) changed.splice(other, 0, line);
          if (changed.join("\n") === lines.join("\n")) return;
          expect(faults(await checked(Buffer.from(`${changed.join("\n")}\n`)))).not.toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("and signed anew by somebody else names another key", async () => {
    const path = join(folder, "other.key");
    makeSigningKey(path);
    const bytes = await exported(ALL, history, openSigningKey(path));
    expect(faults(await checked(bytes))).toEqual([]);
    expect(faults(await checked(bytes, signer.publicKey))).toEqual(["key-differs"]);
  });

  test("by its own house, in a record of a chain that was not made anew, shows the break at its place", async () => {
    const forged = copyOf(history);
    const records = busiest(forged);
    const at = records.findIndex((record) => record.ok && record.message?.type === "CallCompleted");
    const record = records[at];
    if (record?.proof?.body === undefined || record.proof.body === null)
      throw new Error("nothing was completed");
    const body = Uint8Array.from(record.proof.body);
    body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1;
    records[at] = withBody(record, body);
    const report = await checked(await exported(ALL, forged));
    const broken = report.findings.filter(({ code }) => code === "chain-broken");
    expect(broken.map(({ place }) => place?.offset)).toEqual([record.offset]);
  });

  test("into a line without an end is given up at the limit, not read into memory", async () => {
    const lines = linesOf(endless());
    await expect(lines.next()).rejects.toThrow(`more than ${LINE_BYTES_MAX} bytes`);
  });
});
