/** The single checks, each at its edges: what a forger could write, and what their memory is limited to. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Finding } from "../../../domain/audit/finding.ts";
import { fromHex, toHex } from "../../../domain/kernel/hex.ts";
import { base32, type RequestId, requestId, type Slot } from "../../../domain/kernel/identifiers.ts";
import { linkInput } from "../../../domain/kernel/record-chain.ts";
import { instant } from "../../../domain/kernel/time.ts";
import type { Delivered } from "../../../domain/ports/event-log.ts";
import type { RequestEvent } from "../../../domain/request/events.ts";
import { createCauseCheck } from "../../../services/audit/cause-check.ts";
import { CANDIDATES_MAX, createChainCheck } from "../../../services/audit/chain-check.ts";
import { createOwnerCheck } from "../../../services/audit/owner-check.ts";
import { createSequenceCheck } from "../../../services/audit/sequence-check.ts";
import { FINDINGS_MAX } from "../../../services/audit/verify-log.ts";
import { envelopeOf, inputEntry, NOW } from "../../contract/event-log-entries.ts";
import {
  busiest,
  copyOf,
  digests,
  type History,
  makeHistory,
  verified,
  withBody,
} from "./audited-history.ts";

const codes = (findings: readonly Finding[]): string[] => findings.map(({ code }) => code);

function idOf(number: number): RequestId {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, number);
  expect(base32(bytes)).toHaveLength(26);
  return requestId(bytes, 1 as Slot);
}

function event(offset: number, request: number, seq: number, message?: RequestEvent): Delivered<"events"> {
  const fact: RequestEvent = message ?? { type: "FactIgnored", at: NOW, fact: `${seq}`, reason: "a test" };
  return {
    topic: "events",
    partition: 1,
    offset,
    key: "k",
    appendedAt: NOW,
    ok: true,
    envelope: { ...envelopeOf(`ev-${offset}`), subject: idOf(request), sequence: seq },
    message: fact,
    proof: {
      digest: "00".repeat(32),
      chain: null,
      envelope: "[]",
      body: new TextEncoder().encode(JSON.stringify(fact)),
    },
  };
}

describe("the numbers of a Request", () => {
  test("with a gap are found at the first number after it, once", () => {
    const check = createSequenceCheck(digests);
    const found = [1, 2, 5, 6].flatMap((seq, offset) => check.take(event(offset, 7, seq)));
    expect(codes(found)).toEqual(["sequence-gap"]);
    expect(found[0]).toMatchObject({ place: { offset: 2 }, request: idOf(7), detail: "number 5 follows 2" });
  });

  test("that come twice are worth a note when they say the same, and a fault when they do not", () => {
    const check = createSequenceCheck(digests);
    for (const seq of [1, 2]) check.take(event(seq - 1, 7, seq));
    expect(codes(check.take(event(2, 7, 1)))).toEqual(["sequence-repeat"]);
    const other: RequestEvent = { type: "FactIgnored", at: NOW, fact: "other", reason: "a test" };
    expect(codes(check.take(event(3, 7, 2, other)))).toEqual(["repeat-differs"]);
  });

  test("of a second end are a fault, of a torn commit's repeated end they are not", () => {
    const check = createSequenceCheck(digests);
    const end: RequestEvent = { type: "RequestCancelled", at: NOW, attempts: 0 };
    check.take(event(0, 7, 1));
    expect(check.take(event(1, 7, 2, end))).toEqual([]);
    expect(codes(check.take(event(2, 7, 2, end)))).toEqual(["sequence-repeat"]);
    expect(codes(check.take(event(3, 7, 3, end)))).toEqual(["second-end"]);
  });

  test("as high as a forger likes cost no memory", () => {
    const check = createSequenceCheck(digests);
    check.take(event(0, 7, 1));
    expect(codes(check.take(event(1, 7, Number.MAX_SAFE_INTEGER)))).toEqual(["sequence-gap"]);
  });

  test("are held of so many Requests only: what comes of a forgotten one is counted, and not accused", () => {
    const check = createSequenceCheck(digests, 3);
    const end: RequestEvent = { type: "RequestCancelled", at: NOW, attempts: 0 };
    let offset = 0;
    const take = (request: number, seq: number, message?: RequestEvent) =>
      check.take(event((offset += 1) - 1, request, seq, message));
    take(1, 1);
    take(1, 2, end);
    for (const request of [2, 3, 4]) take(request, 1);
    // The one that had ended was forgotten first.
    expect(take(1, 3)).toEqual([]);
    expect(check.notJudged()).toBe(1);
    expect(codes(take(2, 3))).toEqual(["sequence-gap"]);
    expect(check.requests()).toBe(4);
  });

  test("of a Request whose beginning has expired are not judged", () => {
    const check = createSequenceCheck(digests);
    expect(check.take(event(500, 7, 4))).toEqual([]);
    expect(check.notJudged()).toBe(1);
  });
});

const mark = (offset: number, epoch: number): Delivered<"events"> =>
  event(offset, 1, 1, { type: "OwnershipTaken", owner: "d", epoch, at: NOW });
const by = (offset: number, epoch: number): Delivered<"events"> => {
  const one = event(offset, 1, 1);
  return one.ok ? { ...one, envelope: { ...one.envelope, ownerEpoch: epoch } } : one;
};

describe("the owners of a partition", () => {
  test("that was superseded and wrote all the same is found", () => {
    const check = createOwnerCheck();
    const records = [mark(0, 1), by(1, 1), mark(2, 2), by(3, 2), by(4, 1)];
    expect(codes(records.flatMap((record) => check.take(record)))).toEqual(["foreign-owner"]);
    expect(check.owners()).toBe(2);
  });

  test("that took it under an old epoch is found", () => {
    const check = createOwnerCheck();
    const records = [mark(0, 5), mark(1, 5), mark(2, 3), mark(3, 6)];
    expect(codes(records.flatMap((record) => check.take(record)))).toEqual([
      "epoch-went-back",
      "epoch-went-back",
    ]);
  });
});

function input(offset: number): Delivered<"requests"> {
  const { key, envelope, message } = inputEntry(offset);
  return { topic: "requests", partition: 0, offset, key, appendedAt: NOW, ok: true, envelope, message };
}
function citing(offset: number): Delivered<"events"> {
  const one = event(offset, 1, 1);
  return one.ok ? { ...one, envelope: { ...one.envelope, causeOffset: offset } } : one;
}

describe("the causes of events", () => {
  test("that nothing follows from are a fault once a later one was handled, and wait before that", () => {
    const check = createCauseCheck(0, null);
    for (const offset of [0, 1, 3, 70_000]) check.cite(citing(offset));
    expect([0, 1, 2, 3, 70_000].flatMap((offset) => codes(check.take(input(offset))))).toEqual([
      "cause-uncited",
    ]);
    expect(check.take(input(70_001))).toEqual([]);
    expect(codes(check.waiting())).toEqual(["cause-waiting"]);
    expect(check.cited()).toBe(4);
  });

  test("that the owner says it has handled are a fault without a consequence, though nothing later was cited", () => {
    const check = createCauseCheck(0, 4);
    expect(codes(check.take(input(4)))).toEqual(["cause-uncited"]);
    expect(check.take(input(5))).toEqual([]);
  });
});

function linked(offset: number, digest: string, chain: string | null): Delivered<"events"> {
  const one = event(offset, 1, offset + 1);
  return { ...one, proof: { digest, chain, body: null, envelope: "[]" } };
}

const hash = (text: string): string => toHex(digests.sha256(new TextEncoder().encode(text)));

function follow(before: string, digest: string): string {
  return toHex(
    digests.sha256(linkInput(fromHex(before) ?? new Uint8Array(), fromHex(digest) ?? new Uint8Array())),
  );
}

describe("the chain", () => {
  test("of a log that keeps everything may not begin later, of one with retention it may", () => {
    const late = linked(9, "aa".repeat(32), "bb".repeat(32));
    const forEver = createChainCheck({ contiguous: true, expires: false }, digests);
    expect(codes(forEver.take(late))).toEqual(["beginning-missing"]);
    const forAWhile = createChainCheck({ contiguous: false, expires: true }, digests);
    expect(codes(forAWhile.take(late))).toEqual(["beginning-expired"]);
    expect(forAWhile.head()).toEqual({ offset: 9, link: "bb".repeat(32) });
  });

  test("tries so many guesses at once, however many records are broken", () => {
    const check = createChainCheck({ contiguous: true, expires: false }, digests);
    for (let offset = 0; offset < 10 * CANDIDATES_MAX; offset += 1) {
      const link = offset.toString(16).padStart(64, "0");
      expect(codes(check.take(linked(offset, "aa".repeat(32), link)))).toEqual(["chain-broken"]);
    }
  });

  test("however many records are put in without links, blames none of ours: neither what passes over them nor what is linked to them", () => {
    const first = follow("00".repeat(32), hash("first"));
    const foreign = Array.from({ length: 3 * CANDIDATES_MAX }, (_, index) => hash(`foreign ${index}`));
    const read = foreign.reduce(follow, first);
    for (const before of [first, read]) {
      const check = createChainCheck({ contiguous: true, expires: false }, digests);
      expect(check.take(linked(0, hash("first"), first))).toEqual([]);
      const found = foreign.flatMap((digest, index) => check.take(linked(index + 1, digest, null)));
      expect(codes(found)).toEqual(foreign.map(() => "link-missing"));
      const next = follow(before, hash("next"));
      expect(check.take(linked(foreign.length + 1, hash("next"), next))).toEqual([]);
    }
  });

  test("that begins after records without links says how many there are, and covers them", () => {
    const check = createChainCheck({ contiguous: true, expires: false }, digests);
    expect(check.take(linked(0, "aa".repeat(32), null))).toEqual([]);
    const wrong = check.take(linked(1, "bb".repeat(32), "cc".repeat(32)));
    expect(codes(wrong)).toEqual(["unchained-beginning", "chain-broken"]);
  });
});

describe("the memory of an owner", () => {
  let history: History;
  beforeAll(async () => {
    history = await makeHistory();
  });

  type StateRecord = Delivered<"state">;
  async function foundWith(change: (record: StateRecord) => StateRecord | null): Promise<string[]> {
    const forged = copyOf(history);
    for (const records of forged.state ?? []) {
      const changed = records.flatMap((record) => change(record) ?? []);
      records.splice(0, records.length, ...changed);
    }
    return codes((await verified(forged)).findings);
  }
  function withSnapshot(
    record: StateRecord,
    change: (snapshot: Record<string, unknown>) => Record<string, unknown>,
  ): StateRecord {
    if (!record.ok || record.message === null || !("snapshot" in record.message)) return record;
    const snapshot = JSON.stringify(change(JSON.parse(record.message.snapshot) as Record<string, unknown>));
    return { ...record, message: { ...record.message, snapshot } };
  }
  const typeOf = (record: StateRecord): string =>
    record.ok && record.message !== null ? record.message.type : "";

  test("that is as it was has no fault", async () => {
    expect(await foundWith((record) => record)).toEqual([]);
  });

  test("of a Request in another phase is found, field by field and without its values", async () => {
    const found = await foundWith((record) =>
      typeOf(record) === "RequestState" ? withSnapshot(record, (one) => ({ ...one, phase: "none" })) : record,
    );
    expect(new Set(found)).toEqual(new Set(["state-differs"]));
  });

  test("of a call to a Customer that nobody made is found, and of one that was left out", async () => {
    for (const change of [(calls: unknown[]) => [...calls, 1], (calls: unknown[]) => calls.slice(0, -1)]) {
      const found = await foundWith((record) =>
        typeOf(record) === "CustomerState"
          ? withSnapshot(record, (one) => ({ ...one, calls: change(one["calls"] as unknown[]) }))
          : record,
      );
      expect(new Set(found)).toEqual(new Set(["state-differs"]));
    }
  });

  test("of events that are not there is found, and of an open Request that it does not know", async () => {
    const ahead = await foundWith((record) =>
      record.ok && record.message?.type === "RequestState"
        ? { ...record, message: { ...record.message, seq: record.message.seq + 1 } }
        : record,
    );
    expect(ahead).toContain("state-ahead");
    const beyond = { type: "Checkpoint", eventsUpTo: 1_000_000 } as const;
    const missing = await foundWith((record) => {
      if (typeOf(record) === "RequestState") return null;
      return record.ok && record.message?.type === "Checkpoint" ? { ...record, message: beyond } : record;
    });
    expect(missing).toContain("state-missing");
  });
});

test("of more faults than are kept the others are counted", async () => {
  const history = copyOf(await makeHistory());
  const records = busiest(history);
  const [first] = records;
  if (first === undefined) throw new Error("nothing happened");
  const forged = withBody(first, new Uint8Array([9]));
  const many = Array.from({ length: FINDINGS_MAX + 50 }, (_, offset) => ({
    ...forged,
    offset,
    appendedAt: instant(NOW + offset),
    proof: forged.proof === undefined ? forged.proof : { ...forged.proof, chain: "ab".repeat(32) },
  })) as Delivered<"events">[];
  const report = await verified({ events: [many], state: [[]], requests: [[]] });
  expect(report.findings).toHaveLength(FINDINGS_MAX);
  expect(report.faultsLeftOut).toBeGreaterThan(0);
});
