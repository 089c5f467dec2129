/** The auditor's commands as the program has them, over the file of an embedded log. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createAuditCommand } from "../../adapters/cli/audit-commands.ts";
import { runCommand } from "../../adapters/cli/command.ts";
import { createReplayCommand } from "../../adapters/cli/replay-command.ts";
import { TOPIC_NUMBERS } from "../../adapters/event-log/sqlite/schema.ts";
import { openAuditDoor } from "../../compose/audit.ts";
import { readConfig } from "../../config.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";
import { busiest, type History, makeHistory } from "../services/audit/audited-history.ts";
import { writeHistoryFile } from "../services/audit/history-file.ts";

let home: string;
let original: string;
let history: History;
let records: readonly Delivered<"events">[];
let request: string;
let folder: string;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "reveille-audit-"));
  original = join(home, "original.db");
  history = await makeHistory();
  await writeHistoryFile(history, original);
  records = busiest(history);
  const received = records.find((record) => record.ok && record.message?.type === "RequestReceived");
  request = (received?.ok === true && received.envelope.subject) || "";
});
afterAll(() => rmSync(home, { recursive: true }));
beforeEach(() => {
  folder = mkdtempSync(join(home, "data-"));
  copyFileSync(original, join(folder, "log.db"));
});

async function reveille(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  // Nobody listens on port 1: what asks the reports must fail, or have been told not to.
  const config = readConfig({ REVEILLE_DATA: folder, REVEILLE_REPORTS_URL: "http://127.0.0.1:1" });
  const door = async () => openAuditDoor(() => config);
  const commands = [createAuditCommand(door, async () => null), createReplayCommand(door, async () => null)];
  const streams = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await runCommand(commands, args, streams);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

function sql(statement: string, ...values: (string | number | Uint8Array)[]): void {
  const db = new DatabaseSync(join(folder, "log.db"));
  const { changes } = db.prepare(statement).run(...values);
  db.close();
  // A forgery that forged nothing would prove nothing.
  expect(Number(changes)).toBeGreaterThan(0);
}

const EVENTS = TOPIC_NUMBERS.events;
const verify = () => reveille("audit", "verify", "--without-reports");

describe("reveille audit verify (L09)", () => {
  test("finds no fault in a log that nobody has touched, and says what it has looked at", async () => {
    const { code, out } = await verify();
    expect(out).toMatch(/No fault found\.$/);
    expect(out).toMatch(/^partition {2}events {2}linked/);
    expect(code).toBe(0);
  });

  test("says that it could not ask the reports, and does not pass over it", async () => {
    const { code, out } = await reveille("audit", "verify");
    expect(out).toContain("fault reports-unchecked");
    expect(code).toBe(1);
  });

  test("finds one flipped bit in the body of any record of the busiest partition", async () => {
    const { partition } = records[0] ?? { partition: 0 };
    for (const { offset, proof } of records) {
      const body = Uint8Array.from(proof?.body ?? []);
      const at = body.length - 1;
      body[at] = (body[at] ?? 0) ^ 0x10;
      copyFileSync(original, join(folder, "log.db"));
      sql(
        "UPDATE log SET value = ? WHERE topic = ? AND part = ? AND pos = ?",
        body,
        EVENTS,
        partition,
        offset,
      );
      const { code, out } = await verify();
      expect({ offset, code }).toEqual({ offset, code: 1 });
      expect(out).toContain("fault ");
    }
  });

  test("finds a record that was deleted, with its place", async () => {
    const [, , , third] = records;
    sql(
      "DELETE FROM log WHERE topic = ? AND part = ? AND pos = ?",
      EVENTS,
      third?.partition ?? 0,
      third?.offset ?? 0,
    );
    const { code, out } = await verify();
    expect(out).toContain(`fault records-missing events ${third?.partition}:${(third?.offset ?? 0) + 1}`);
    expect(out).toContain("fault chain-broken");
    expect(code).toBe(1);
  });

  test("finds two records that changed places", async () => {
    const [one, other] = [records[4], records[6]];
    const move = (from: number, to: number): void =>
      sql(
        "UPDATE log SET pos = ? WHERE topic = ? AND part = ? AND pos = ?",
        to,
        EVENTS,
        one?.partition ?? 0,
        from,
      );
    move(one?.offset ?? 0, 1_000_000);
    move(other?.offset ?? 0, one?.offset ?? 0);
    move(1_000_000, other?.offset ?? 0);
    const { code, out } = await verify();
    expect(out).toContain("fault chain-broken");
    expect(out).toContain("fault sequence-gap");
    expect(code).toBe(1);
  });

  test("finds an end that was cut off, though nothing in the chain is wrong", async () => {
    const last = records.at(-2);
    sql(
      "DELETE FROM log WHERE topic = ? AND part = ? AND pos >= ?",
      EVENTS,
      last?.partition ?? 0,
      last?.offset ?? 0,
    );
    const { code, out } = await verify();
    expect(out).not.toContain("chain-broken");
    expect(out).toMatch(/fault (?:state-ahead|cause-uncited)/);
    expect(code).toBe(1);
  });

  test("finds an event that was written past the owners of its partition", async () => {
    const { partition } = records[0] ?? { partition: 0 };
    sql(
      "INSERT INTO log SELECT topic, part, (SELECT max(pos) + 1 FROM log WHERE topic = ?1 AND part = ?2), at, key, value, envelope FROM log WHERE topic = ?1 AND part = ?2 AND pos = 1",
      EVENTS,
      partition,
    );
    sql("UPDATE part SET next = next + 1 WHERE topic = ? AND part = ?", EVENTS, partition);
    const { code, out } = await verify();
    expect(out).toContain("fault chain-broken");
    expect(code).toBe(1);
  });

  test("says where there is no log, and makes none", async () => {
    rmSync(join(folder, "log.db"));
    await expect(verify()).rejects.toThrow(/no log at .*; name its folder in REVEILLE_DATA/);
    expect(existsSync(join(folder, "log.db"))).toBe(false);
  });
});

const file = (): string => join(folder, "export.ndjson");

async function exported(...selection: string[]): Promise<string> {
  expect((await reveille("audit", "key")).code).toBe(0);
  const { code, out } = await reveille("audit", "export", "--out", file(), ...selection);
  expect(out).toContain("No fault found.");
  expect(code).toBe(0);
  return file();
}

describe("reveille audit export (L09)", () => {
  test("is signed with a key that only its owner may read, and is checked with nothing at hand but the file", async () => {
    const made = JSON.parse((await reveille("audit", "key", "--json")).out) as {
      path: string;
      publicKey: string;
    };
    expect(statSync(made.path).mode & 0o777).toBe(0o600);
    const path = await exported("--all");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    rmSync(join(folder, "log.db"));
    rmSync(made.path);
    const { code, out } = await reveille("audit", "verify", "--file", path, "--key", made.publicKey);
    expect(out).toContain(`Signed by ${made.publicKey}`);
    expect(out).toContain(`${history.events?.flat().length} records of 6 Requests.`);
    expect(code).toBe(0);
    const stranger = await reveille("audit", "verify", "--file", path, "--key", "0".repeat(64));
    expect(stranger.out).toContain("fault key-differs");
    expect(stranger.code).toBe(1);
  });

  test("of one Request holds its events alone, and the digests of what lies between", async () => {
    const path = await exported("--request", request);
    const lines = readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { kind: string; envelope?: string });
    const events = lines.filter(({ kind }) => kind === "record");
    expect(events.length).toBeGreaterThan(8);
    for (const { envelope } of events) expect(envelope).toContain(request);
    const shown = await reveille("replay", "--file", path);
    expect(shown.out).toContain("RequestCompleted");
    expect(shown.code).toBe(0);
  });

  test("of an earlier day shows that history was rewritten since", async () => {
    const path = await exported("--all");
    const against = () => reveille("audit", "verify", "--without-reports", "--against", path);
    expect((await against()).code).toBe(0);
    const last = records.at(-1);
    sql(
      "DELETE FROM log WHERE topic = ? AND part = ? AND pos = ?",
      EVENTS,
      last?.partition ?? 0,
      last?.offset ?? 0,
    );
    const { code, out } = await against();
    expect(out).toContain("fault anchor-differs");
    expect(code).toBe(1);
  });

  test("is never written over a file, and not with a key that others may read", async () => {
    const path = await exported("--all");
    expect((await reveille("audit", "export", "--out", path, "--all")).err).toContain("exists");
    chmodSync(join(folder, "audit.key"), 0o644);
    const other = join(folder, "other.ndjson");
    await expect(reveille("audit", "export", "--out", other, "--all")).rejects.toThrow(
      /may be read by others/,
    );
    expect(existsSync(other)).toBe(false);
  });

  test("that was changed shows nothing of what is in it", async () => {
    const path = await exported("--request", request);
    writeFileSync(path, readFileSync(path, "utf8").replace("RequestReceived", "RequestRecieved"));
    const { code, out, err } = await reveille("replay", "--file", path);
    expect(out).toBe("");
    expect(err).toContain("fault file-changed");
    expect(code).toBe(1);
  });
});

describe("reveille replay (N05, A06)", () => {
  test("tells what happened to one Request, event by event, with place, writer and cause", async () => {
    const { code, out } = await reveille("replay", "--request", request);
    expect(code).toBe(0);
    const types = [...out.matchAll(/\d\d:\d\d:\d\d\.\d{3} {2}(\w+)/g)].map(([, type]) => type);
    expect(types).toEqual([
      "RequestReceived",
      "RequestQueued",
      "Dispatched",
      "Accepted",
      "CallPlaced",
      "CallRinging",
      "CallAnswered",
      "SessionStarted",
      "InputCollected",
      "CallCompleted",
      "RequestCompleted",
    ]);
    expect(out).toContain(`${request} #1, dispatcher, caused by `);
    expect(out).not.toMatch(/\+1\d{10}/);
  });

  test("gives every event once as JSON, in the order in which the log took them", async () => {
    const { out } = await reveille("replay", "--all", "--json");
    const all = out
      .split("\n")
      .map((line) => JSON.parse(line) as { partition: number; offset: number; appendedAt: string });
    expect(all).toHaveLength(history.events?.flat().length ?? -1);
    expect(new Set(all.map(({ partition, offset }) => `${partition}:${offset}`)).size).toBe(all.length);
    expect(all.map(({ appendedAt }) => appendedAt)).toEqual(
      all.map(({ appendedAt }) => appendedAt).toSorted(),
    );
  });

  test("tells how things stood at a moment: what was in a call then, where, and by which rules", async () => {
    const answered = records.find((record) => record.ok && record.message?.type === "CallAnswered");
    if (answered?.ok !== true) throw new Error("nobody answered");
    const at = new Date(answered.envelope.time).toISOString();
    const { out } = await reveille("replay", "--all", "--at", at);
    expect(out).toContain("1 in-call");
    expect(out).toContain("at telephony-1");
    expect(out).toMatch(/Rules of the newest check: .*default@/);
    const before = new Date((records[0]?.appendedAt ?? 0) - 60_000).toISOString();
    expect((await reveille("replay", "--all", "--at", before)).out).toContain("nothing had been received");
  });

  test("wants to be told what to show, and understands no time without its offset", async () => {
    expect((await reveille("replay")).code).toBe(2);
    expect((await reveille("replay", "--all", "--request", request)).code).toBe(2);
    expect((await reveille("replay", "--from", "2026-11-21T09:00:00")).err).toContain(
      "no time with its offset",
    );
  });
});

/** Overwrites `bytes` of the file from `at` on, as a disk does that has lost what it was given. */
function spoil(at: number, bytes: Uint8Array): void {
  const path = join(folder, "log.db");
  const content = readFileSync(path);
  content.set(bytes, at);
  writeFileSync(path, content);
}

const PAGE_BYTES = 4_096;

/** Pages of the table of records; those of a tree have a structure that can be wrong, the others bytes alone. */
function pagesOfRecords(): readonly { readonly pageno: number; readonly pagetype: string }[] {
  const db = new DatabaseSync(join(folder, "log.db"));
  const rows = db.prepare("SELECT pageno, pagetype FROM dbstat WHERE name = 'log' ORDER BY path").all();
  db.close();
  return rows as unknown as { pageno: number; pagetype: string }[];
}

describe("after a disk fault", () => {
  test("a page that was lost is a fault, and all that lies elsewhere is checked all the same (reliability 47)", async () => {
    const pages = pagesOfRecords();
    expect(pages.length).toBeGreaterThan(20);
    // Every third: each is an audit of its own.
    for (const { pageno, pagetype } of pages.filter((_, index) => index % 3 === 0)) {
      copyFileSync(original, join(folder, "log.db"));
      spoil((pageno - 1) * PAGE_BYTES, new Uint8Array(PAGE_BYTES));
      const { code, out } = await verify();
      expect({ pageno, code }).toEqual({ pageno, code: 1 });
      expect(out).toContain(pagetype === "overflow" ? "fault " : "fault storage-damaged");
      expect(out).toMatch(/faults? found/);
    }
  });

  test("a file that can't be opened any more is refused with what can be done (reliability 47)", async () => {
    const path = join(folder, "log.db");
    const content = readFileSync(path);
    writeFileSync(path, content.subarray(0, content.length - 3 * PAGE_BYTES));
    await expect(verify()).rejects.toThrow(/the file is damaged .*see "After a disk fault"/);
    copyFileSync(original, path);
    spoil(0, new Uint8Array(PAGE_BYTES).fill(0x58));
    await expect(verify()).rejects.toThrow(/the file is damaged .*\nfile is not a database/);
  });

  test("a bit that fell over in a record that no chain covers is found where it makes it unreadable", async () => {
    for (const topic of ["directory", "state", "requests"] as const) {
      copyFileSync(original, join(folder, "log.db"));
      sql(
        "UPDATE log SET value = ?1 WHERE topic = ?2 AND value IS NOT NULL AND (part, pos) = (SELECT part, min(pos) FROM log WHERE topic = ?2 AND value IS NOT NULL)",
        new Uint8Array([1]),
        TOPIC_NUMBERS[topic],
      );
      const { code, out } = await verify();
      expect(out).toMatch(new RegExp(`fault unreadable ${topic} \\d+:\\d+`));
      expect(code).toBe(1);
    }
  });
});
