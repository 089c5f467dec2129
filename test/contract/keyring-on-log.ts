/** What the keyring on the log promises beside the rest: several processes, one of them slow, erased or restarted. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LogKeyring, openLogKeyring } from "../../adapters/keyring/log-keyring.ts";
import { createChance } from "../../adapters/system/chance.ts";
import { parseCustomerKey } from "../../domain/kernel/identifiers.ts";
import { parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import type { Sealed } from "../../domain/kernel/sealed.ts";
import { instant } from "../../domain/kernel/time.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import { createFakeOperatorLog } from "../support/fake-operator-log.ts";
import { createFreezableClock } from "./event-log-clock.ts";
import { describeKeyring } from "./keyring.ts";
import type { LogHouse } from "./log-house.ts";

const NOVEMBER = instant(Date.UTC(2026, 10, 21));
const DECEMBER = instant(Date.UTC(2026, 11, 1));
const ANNA = "a1".repeat(16);
const BERT = "b2".repeat(16);

/** A log whose followers hear nothing until they are let: a process that the news has not reached. */
function deaf(log: EventLog): { readonly log: EventLog; readonly hear: () => void } {
  const hearing = Promise.withResolvers<void>();
  return {
    hear: hearing.resolve,
    log: {
      ...log,
      follow(topic, from, onRecords) {
        let isLive = false;
        const subscription = log.follow(topic, from, async (records) => {
          if (isLive) await hearing.promise;
          await onRecords(records);
        });
        void subscription.caughtUp.then(() => (isLive = true));
        return subscription;
      },
    },
  };
}

export function describeLogKeyring(name: string, makeHouse: () => Promise<LogHouse>): void {
  describe(`keyring on the ${name} log`, () => {
    let house: LogHouse;
    let folder: string;
    let opened: LogKeyring[];
    let owners: number;

    beforeEach(async () => {
      house = await makeHouse();
      folder = mkdtempSync(join(tmpdir(), "reveille-keys-"));
      opened = [];
      owners = 0;
    });
    afterEach(async () => {
      await Promise.all(opened.map((keyring) => keyring.close()));
      await house.close();
      rmSync(folder, { recursive: true });
    });

    async function open(
      options: { file?: string; log?: EventLog; keysMax?: number } = {},
    ): Promise<LogKeyring> {
      owners += 1;
      const log = options.log ?? house.open(`process-${owners}`).log;
      const keyring = await openLogKeyring({
        log,
        clock: createFreezableClock(),
        chance: createChance(),
        operatorLog: createFakeOperatorLog(),
        masterKeyPath: join(folder, options.file ?? "master.key"),
        ...(options.keysMax === undefined ? {} : { keysMax: options.keysMax }),
      });
      opened.push(keyring);
      return keyring;
    }

    describeKeyring(name, () => open());

    test("keys and pseudonyms outlive the process", async () => {
      const number = parsePhoneNumber("+12125550123");
      const first = await open();
      const sealed = await first.seal(ANNA, NOVEMBER, "text");
      await first.close();
      const second = await open();
      expect(second.openNow(sealed)).toBe("text");
      expect(number && second.pseudonym(number)).toBe(number && first.pseudonym(number));
    });

    test("what one process has sealed another opens at once, though the news of its key has not come", async () => {
      const slow = deaf(house.open("slow").log);
      const reader = await open({ log: slow.log });
      const writer = await open();
      const texts = await Promise.all([ANNA, BERT].map((subject) => writer.seal(subject, NOVEMBER, subject)));
      expect(texts.map((text) => reader.openNow(text))).toEqual([null, null]);
      expect(await Promise.all(texts.map((text) => reader.open(text)))).toEqual([ANNA, BERT]);
      expect(texts.map((text) => reader.openNow(text))).toEqual([ANNA, BERT]);
      slow.hear();
    });

    test("after `arrived` texts of others open without waiting", async () => {
      const slow = deaf(house.open("slow").log);
      const reader = await open({ log: slow.log });
      const sealed = await (await open()).seal(ANNA, NOVEMBER, "text");
      await reader.arrived([sealed]);
      expect(reader.openNow(sealed)).toBe("text");
      slow.hear();
    });

    test("two processes that make a key of the same Customer at once keep both", async () => {
      const [first, second] = await Promise.all([open(), open()]);
      const texts = await Promise.all([
        first.seal(ANNA, NOVEMBER, "of the first"),
        second.seal(ANNA, NOVEMBER, "of the second"),
      ]);
      const third = await open();
      expect(await Promise.all(texts.map((text) => third.open(text)))).toEqual([
        "of the first",
        "of the second",
      ]);
      expect(await third.erase(ANNA)).toBe(new Set(texts.map((text) => text.split(".")[0])).size);
      expect(texts.map((text) => third.openNow(text))).toEqual([null, null]);
    });

    test("an erasure ends the keys in every process, those that have used them included", async () => {
      const [first, second] = [await open(), await open()];
      const gone = [await first.seal(ANNA, NOVEMBER, "number"), await second.seal(ANNA, DECEMBER, "digits")];
      const kept = await first.seal(BERT, NOVEMBER, "stays");
      for (const text of gone) expect([await first.open(text), await second.open(text)]).not.toContain(null);
      expect(await second.erase(ANNA)).toBe(2);
      // Told by the follower; `arrived` of a key made after the tombstone waits for it.
      await first.arrived([await second.seal("sender:later", NOVEMBER, "x")]);
      for (const keyring of [first, second, await open()]) {
        expect(gone.map((text) => keyring.openNow(text))).toEqual([null, null]);
        expect(await Promise.all(gone.map((text) => keyring.open(text)))).toEqual([null, null]);
        expect(await keyring.open(kept)).toBe("stays");
      }
    });

    test("after compaction an erased key is not in the log any more, and others open as before", async () => {
      const keyring = await open();
      const gone = await keyring.seal(ANNA, NOVEMBER, "number");
      const kept = await keyring.seal(BERT, NOVEMBER, "stays");
      await keyring.erase(ANNA);
      await house.compact();
      const { log } = house.open("auditor");
      const keys: string[] = [];
      for await (const records of log.read("keys", 0)) keys.push(...records.map(({ key }) => key));
      expect(keys.filter((key) => key.includes(ANNA))).toEqual([]);
      const later = await open();
      expect([await later.open(gone), await later.open(kept)]).toEqual([null, "stays"]);
    });

    test("another house's master key, or a new one, is refused at the start", async () => {
      await open();
      await expect(open({ file: "another.key" })).rejects.toThrow(/another.key is missing; copy it/);
      writeFileSync(join(folder, "another.key"), readFileSync(join(folder, "master.key")), { mode: 0o600 });
      await (await open({ file: "another.key" })).close();
      const text = readFileSync(join(folder, "master.key"), "utf8");
      writeFileSync(
        join(folder, "another.key"),
        text.replace(/^encryption ./m, (found) => `${found.slice(0, -1)}${found.endsWith("A") ? "B" : "A"}`),
      );
      await expect(open({ file: "another.key" })).rejects.toThrow(
        /is not the master key that this house began with/,
      );
    });

    test("of machines that begin a house at once, each with a key of its own, one goes on and the others stop", async () => {
      const starts = await Promise.allSettled(
        ["one.key", "two.key", "three.key"].map((file) => open({ file })),
      );
      const failures = starts.filter((start) => start.status === "rejected");
      expect(failures).toHaveLength(2);
      for (const { reason } of failures) expect(String(reason)).toMatch(/master key|is missing/);
      // And it stays with that one, whoever comes next.
      const winner = starts.findIndex((start) => start.status === "fulfilled");
      const files = ["one.key", "two.key", "three.key"];
      await expect(open({ file: files[winner] ?? "" })).resolves.toBeDefined();
      await expect(open({ file: files[(winner + 1) % 3] ?? "" })).rejects.toThrow(/master key|is missing/);
    });

    test("the master key is its owner's alone", async () => {
      await open();
      expect(statSync(join(folder, "master.key")).mode & 0o077).toBe(0);
    });

    test("many new Customers at once wait for few appends", async () => {
      const { log } = house.open("counted");
      let appends = 0;
      const counted: EventLog = {
        ...log,
        appendAhead(topic, entries) {
          if (topic === "keys") appends += 1;
          return log.appendAhead(topic, entries);
        },
      };
      const keyring: Keyring = await open({ log: counted });
      appends = 0;
      const texts = await Promise.all(
        Array.from({ length: 300 }, (_, n) => {
          const subject = parseCustomerKey(n.toString(16).padStart(32, "0")) ?? "";
          return keyring.seal(subject, NOVEMBER, String(n));
        }),
      );
      expect(appends).toBeGreaterThan(0);
      expect(appends).toBeLessThanOrEqual(3);
      expect(texts.map((text) => keyring.openNow(text))).toEqual(texts.map((_, n) => String(n)));
    });

    test("a full keyring takes no new Customer, says what to do, and serves the others", async () => {
      const keyring = await open({ keysMax: 2 });
      const texts: Sealed[] = [];
      for (const subject of [ANNA, BERT]) texts.push(await keyring.seal(subject, NOVEMBER, subject));
      await expect(keyring.seal("c3".repeat(16), NOVEMBER, "x")).rejects.toThrow(/2 keys.*keys forget/);
      expect(await keyring.seal(ANNA, NOVEMBER, "again")).toBeDefined();
      expect(texts.map((text) => keyring.openNow(text))).toEqual([ANNA, BERT]);
    });

    test("forgetting the months before one drops the Customers' keys of those, and no account's", async () => {
      const keyring = await open();
      const old = await keyring.seal(ANNA, NOVEMBER, "old");
      const recent = await keyring.seal(ANNA, DECEMBER, "recent");
      const secret = await keyring.seal("sender:hotel", NOVEMBER, "secret");
      expect(await keyring.forgetBefore("2026-12")).toBe(1);
      expect([old, recent, secret].map((text) => keyring.openNow(text))).toEqual([null, "recent", "secret"]);
    });

    test("a record that nobody can read hides no other key", async () => {
      const keyring = await open();
      const sealed = await keyring.seal(ANNA, NOVEMBER, "text");
      await house.plantGarbage("keys", 0);
      const after = await keyring.seal(BERT, NOVEMBER, "after");
      const later = await open();
      expect([await later.open(sealed), await later.open(after)]).toEqual(["text", "after"]);
    });

    test("a key that is still waited for when the keyring closes is refused, not lost in silence", async () => {
      const keyring = await open();
      const [sealing] = await Promise.allSettled([keyring.seal(ANNA, NOVEMBER, "text"), keyring.close()]);
      expect(sealing).toMatchObject({
        reason: { message: expect.stringContaining("closed while a key was being made") },
      });
    });
  });
}
