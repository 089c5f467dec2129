import { execFile } from "node:child_process";
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { encrypt, IV_BYTES, KEY_BYTES } from "../../../adapters/keyring/cipher.ts";
import { type LogKeyring, openLogKeyring } from "../../../adapters/keyring/log-keyring.ts";
import { createChance } from "../../../adapters/system/chance.ts";
import { parseSealed, type Sealed } from "../../../domain/kernel/sealed.ts";
import { createFreezableClock } from "../../contract/event-log-clock.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { makeSqliteHouse, type SqliteHouse } from "../event-log/sqlite/sqlite-house.ts";

const ANNA = "a1".repeat(16);
const MONTH = "2026-10";

let folder: string;
let former: string;
let masterKeyPath: string;
let house: SqliteHouse;
let master: { readonly encryption: Buffer; readonly tenant: Buffer };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reveille-former-"));
  former = join(folder, "keyring.db");
  masterKeyPath = join(folder, "master.key");
  house = makeSqliteHouse();
  master = { encryption: randomBytes(KEY_BYTES), tenant: randomBytes(KEY_BYTES) };
  onTestFinished(async () => {
    await house.close();
    rmSync(folder, { recursive: true });
  });
});

function writeMaster(): void {
  const lines = Object.entries(master).map(([name, key]) => `${name} ${key.toString("base64")}\n`);
  writeFileSync(masterKeyPath, `reveille master key 1\n${lines.join("")}`, { mode: 0o600 });
}

/** The file as version 0.1 kept it, with a key of each subject; answers a text sealed under each. */
function writeFormer(subjects: readonly string[]): readonly Sealed[] {
  const fingerprint = createHmac("sha256", master.encryption).update(master.tenant).digest("hex");
  const database = new DatabaseSync(former);
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE master (fingerprint TEXT NOT NULL);
    INSERT INTO master VALUES ('${fingerprint.slice(0, 32)}');
    CREATE TABLE data_key (
      id TEXT PRIMARY KEY, subject TEXT NOT NULL, month TEXT NOT NULL, wrapped BLOB NOT NULL,
      UNIQUE (subject, month)
    ) WITHOUT ROWID;`);
  const insert = database.prepare("INSERT INTO data_key VALUES (?, ?, ?, ?)");
  const texts = subjects.map((subject) => {
    const id = randomBytes(16).toString("base64url");
    const key = randomBytes(KEY_BYTES);
    const place = `wrapped key/${subject}/${MONTH}/${id}`;
    insert.run(
      id,
      subject,
      MONTH,
      encrypt(createSecretKey(master.encryption), randomBytes(IV_BYTES), key, place),
    );
    const box = encrypt(
      createSecretKey(key),
      randomBytes(IV_BYTES),
      Buffer.from(`of ${subject}`),
      `${subject}/${id}`,
    );
    const sealed = parseSealed(`${id}.${box.toString("base64url")}`);
    if (sealed === null) throw new Error("the test's own text is malformed");
    return sealed;
  });
  database.close();
  return texts;
}

async function open(): Promise<LogKeyring> {
  const keyring = await openLogKeyring({
    log: house.open("upgraded").log,
    clock: createFreezableClock(),
    chance: createChance(),
    operatorLog: createFakeOperatorLog(),
    masterKeyPath,
    formerFile: former,
  });
  onTestFinished(() => keyring.close());
  return keyring;
}

describe("the keyring file of version 0.1", () => {
  test("is taken into the log once, and goes: every text opens as before", async () => {
    writeMaster();
    const subjects = [ANNA, "sender:hotel"];
    const texts = writeFormer(subjects);
    const keyring = await open();
    expect(await Promise.all(texts.map((text) => keyring.open(text)))).toEqual(
      subjects.map((subject) => `of ${subject}`),
    );
    expect(readdirSync(folder)).toEqual(["master.key"]);
    await keyring.close();
    const later = await open();
    expect([later.size(), later.openNow(texts[0] as Sealed)]).toEqual([2, `of ${ANNA}`]);
  });

  test("does not bring back what was erased since", async () => {
    writeMaster();
    const [text] = writeFormer([ANNA]);
    const keyring = await open();
    expect(await keyring.erase(ANNA)).toBe(1);
    await keyring.close();
    expect((await open()).openNow(text as Sealed)).toBeNull();
  });

  test("is refused, and kept, where it was made with another master key", async () => {
    writeMaster();
    writeFormer([ANNA]);
    master = { encryption: randomBytes(KEY_BYTES), tenant: randomBytes(KEY_BYTES) };
    writeMaster();
    await expect(open()).rejects.toThrow(/keyring\.db was made with another master key/);
    expect(existsSync(former)).toBe(true);
  });

  test("is refused, and kept, where its master key is missing: no new one takes its place", async () => {
    writeFormer([ANNA]);
    await expect(open()).rejects.toThrow(/master\.key is missing/);
    expect(readdirSync(folder)).toEqual(["keyring.db"]);
  });
});

test("processes that start together agree on the master key, and open what each other sealed", async () => {
  const run = promisify(execFile);
  writeMaster();
  const texts = writeFormer([ANNA]);
  const sealer = join(import.meta.dirname, "sealer.ts");
  const outputs = await Promise.all(
    Array.from({ length: 3 }, () => run(process.execPath, [sealer, house.path, masterKeyPath, former])),
  );
  const sealed = outputs.map(({ stdout }): Sealed[] => JSON.parse(stdout));
  const keyring = await open();
  for (const list of sealed) {
    expect(list.map((text) => keyring.openNow(text))).toEqual(list.map((_, n) => `text ${n}`));
  }
  expect(texts.map((text) => keyring.openNow(text))).toEqual([`of ${ANNA}`]);
  expect(readdirSync(folder)).toEqual(["master.key"]);
});
