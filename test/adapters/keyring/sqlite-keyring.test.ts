import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { MasterKeyError } from "../../../adapters/keyring/keyring-errors.ts";
import { createSqliteKeyring, type SqliteKeyringOptions } from "../../../adapters/keyring/sqlite-keyring.ts";
import { parsePhoneNumber } from "../../../domain/kernel/phone-number.ts";
import { parseSealed, type Sealed } from "../../../domain/kernel/sealed.ts";
import { instant } from "../../../domain/kernel/time.ts";
import type { Keyring } from "../../../domain/ports/keyring.ts";
import { describeKeyring } from "../../contract/keyring.ts";

const AT = instant(0);

function scratchFiles(): SqliteKeyringOptions & { readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), "reveille-keyring-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return { directory, path: join(directory, "keys.db"), masterKeyPath: join(directory, "master.key") };
}

function opened(files: SqliteKeyringOptions): Keyring {
  const keyring = createSqliteKeyring(files);
  onTestFinished(() => keyring.close());
  return keyring;
}

describeKeyring("sqlite keyring", () => opened(scratchFiles()));

test("keys and pseudonyms outlive the process", async () => {
  const files = scratchFiles();
  const number = parsePhoneNumber("+12125550123");
  const first = createSqliteKeyring(files);
  const sealed = await first.seal("sender:acme", AT, "text");
  const pseudonym = number === null ? null : first.pseudonym(number);
  await first.close();
  const second = opened(files);
  expect(second.open(sealed)).toBe("text");
  expect(number === null ? null : second.pseudonym(number)).toBe(pseudonym);
});

test("two installations give the same number different pseudonyms", () => {
  const number = parsePhoneNumber("+12125550123");
  const pseudonyms = [opened(scratchFiles()), opened(scratchFiles())].map((keyring) =>
    number === null ? null : keyring.pseudonym(number),
  );
  expect(new Set(pseudonyms).size).toBe(2);
});

test("both files belong to their owner alone", () => {
  const files = scratchFiles();
  opened(files);
  const modes = readdirSync(files.directory).map(
    (name) => statSync(join(files.directory, name)).mode & 0o077,
  );
  expect(modes.every((mode) => mode === 0)).toBe(true);
});

test("a master key that others can read is refused", async () => {
  const files = scratchFiles();
  await createSqliteKeyring(files).close();
  chmodSync(files.masterKeyPath, 0o640);
  expect(() => createSqliteKeyring(files)).toThrow(/chmod 600/);
});

test("a lost master key is never replaced by a new one in silence", async () => {
  const files = scratchFiles();
  await createSqliteKeyring(files).close();
  rmSync(files.masterKeyPath);
  expect(() => createSqliteKeyring(files)).toThrow(MasterKeyError);
  expect(() => statSync(files.masterKeyPath)).toThrow(/ENOENT/);
});

test("another installation's master key, or what is none, is refused", async () => {
  const [ours, theirs] = [scratchFiles(), scratchFiles()];
  await createSqliteKeyring(ours).close();
  await createSqliteKeyring(theirs).close();
  expect(() => createSqliteKeyring({ ...ours, masterKeyPath: theirs.masterKeyPath })).toThrow(
    /is not the master key/,
  );
  writeFileSync(ours.masterKeyPath, "something else");
  expect(() => createSqliteKeyring(ours)).toThrow(/is no master key/);
});

/** Everything that the keyring has on disk. */
function bytesOnDisk(directory: string): Buffer {
  return Buffer.concat(readdirSync(directory).map((name) => readFileSync(join(directory, name))));
}

test("after an erasure no copy of the key is left in any file, while others use the keyring", async () => {
  const files = scratchFiles();
  const keyring = opened(files);
  const other = opened(files);
  const gone = await keyring.seal("sender:acme", AT, "text");
  const kept = await other.seal("sender:other", AT, "text");
  const [keyId = "", keptId = ""] = [gone, kept].map((sealed) => sealed.split(".")[0] ?? "");
  const reader = new DatabaseSync(files.path, { readOnly: true });
  const wrapped = reader.prepare("SELECT wrapped FROM data_key WHERE id = ?").get(keyId)?.["wrapped"];
  reader.close();
  if (!(wrapped instanceof Uint8Array)) throw new Error("the key is not where this test looks");
  const remains = Buffer.from(wrapped);
  expect(bytesOnDisk(files.directory).includes(remains)).toBe(true);

  await other.erase("sender:acme");

  const left = bytesOnDisk(files.directory);
  expect([left.includes(remains), left.includes(keyId), left.includes("sender:acme")]).toEqual([
    false,
    false,
    false,
  ]);
  expect(left.includes(keptId)).toBe(true);
  expect([keyring.open(gone), keyring.open(kept)]).toEqual([null, "text"]);
});

test("an erasure in one process is at once an erasure in all", async () => {
  const files = scratchFiles();
  const [first, second] = [opened(files), opened(files)];
  const sealed = await first.seal("sender:acme", AT, "text");
  expect(second.open(sealed)).toBe("text");
  await second.erase("sender:acme");
  expect(first.open(sealed)).toBeNull();
});

test(
  "an erasure that a reader hinders says so, and is finished by the next",
  { timeout: 60_000 },
  async () => {
    const files = scratchFiles();
    const keyring = opened(files);
    const sealed = await keyring.seal("sender:acme", AT, "text");
    const reader = new DatabaseSync(files.path);
    reader.exec("BEGIN; SELECT * FROM data_key");
    await expect(keyring.erase("sender:acme")).rejects.toThrow(/erase again/);
    expect(keyring.open(sealed)).toBeNull();
    reader.exec("COMMIT");
    reader.close();
    expect(await keyring.erase("sender:acme")).toBe(0);
    expect(bytesOnDisk(files.directory).includes("sender:acme")).toBe(false);
  },
);

test("processes that start together agree on the master key and on every new data key", async () => {
  const files = scratchFiles();
  const run = promisify(execFile);
  const outputs = await Promise.all(
    Array.from({ length: 4 }, () =>
      run(process.execPath, [join(import.meta.dirname, "sealer.ts"), files.path, files.masterKeyPath]),
    ),
  );
  const texts = outputs.map(({ stdout }): string[] => JSON.parse(stdout));
  const keyIds = texts.map((list) => list.map((text) => text.split(".")[0]));
  expect(keyIds).toEqual(keyIds.map(() => keyIds[0]));
  const keyring = opened(files);
  const opening = texts.flat().map((text) => {
    const sealed = parseSealed(text);
    return sealed === null ? null : keyring.open(sealed);
  });
  expect(new Set(opening).size).toBe(20);
  expect(readdirSync(files.directory).filter((name) => name.startsWith("master.key"))).toEqual([
    "master.key",
  ]);
});

test("keys asked for in turn after turn, and twice at once, are one per subject and all open", async () => {
  const keyring = opened(scratchFiles());
  const asked: Promise<{ readonly subject: string; readonly sealed: Sealed }>[] = [];
  for (let turn = 0; turn < 40; turn += 1) {
    for (const subject of [`sender:s${turn}`, `sender:s${turn}`]) {
      asked.push(keyring.seal(subject, AT, subject).then((sealed) => ({ subject, sealed })));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const made = await Promise.all(asked);
  for (const { subject, sealed } of made) expect(keyring.open(sealed)).toBe(subject);
  expect(new Set(made.map(({ sealed }) => sealed.split(".")[0])).size).toBe(40);
});

test("a key that is still waited for when the keyring closes is refused, not lost in silence", async () => {
  const keyring = createSqliteKeyring(scratchFiles());
  const waiting = keyring.seal("sender:late", AT, "text");
  await keyring.close();
  await expect(waiting).rejects.toThrow("closed while a key was being made");
});
