import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createFileJournal, type FileJournalOptions } from "../../../adapters/call-journal/file-journal.ts";
import { type JournalDisk, NODE_DISK } from "../../../adapters/call-journal/journal-disk.ts";
import {
  JournalCorruptError,
  JournalFailedError,
  JournalFullError,
} from "../../../adapters/call-journal/journal-errors.ts";
import { describeCallJournal } from "../../contract/call-journal.ts";
import { scratchDirectory } from "./scratch-directory.ts";

function newPath(): string {
  return join(scratchDirectory(), "calls.journal");
}

describeCallJournal("file journal", () => {
  const path = newPath();
  return { open: () => createFileJournal({ path }) };
});

async function keysOf(path: string, options: Partial<FileJournalOptions> = {}): Promise<readonly string[]> {
  const journal = createFileJournal({ path, ...options });
  const keys = [...journal.entries().keys()];
  await journal.close();
  return keys;
}

async function written(path: string, keys: readonly string[]): Promise<void> {
  const journal = createFileJournal({ path });
  for (const key of keys) await journal.put(key, `body of ${key}`);
  await journal.close();
}

test("the journal belongs to its owner alone", async () => {
  const path = newPath();
  await written(path, ["a"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a write that a crash cut short is cut off at start, wherever it was cut", async () => {
  const path = newPath();
  await written(path, ["a", "b"]);
  const whole = readFileSync(path);
  const torn: number[] = [];
  const lengthOfFirst = 16 + whole.readUInt32BE(4);
  for (let length = lengthOfFirst + 1; length < whole.length; length += 1) {
    writeFileSync(path, whole.subarray(0, length));
    expect(await keysOf(path, { onTornTail: (bytes) => torn.push(bytes) })).toEqual(["a"]);
    expect(statSync(path).size).toBe(lengthOfFirst);
  }
  expect(torn).toEqual(Array.from({ length: whole.length - lengthOfFirst - 1 }, (_, index) => index + 1));
});

test("a tail of zeros, as a power failure leaves it, is cut off", async () => {
  const path = newPath();
  await written(path, ["a"]);
  writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(5_000)]));
  expect(await keysOf(path)).toEqual(["a"]);
});

test("a journal that is damaged before readable records refuses to start, and says where", async () => {
  const path = newPath();
  await written(path, ["a", "b", "c"]);
  const whole = readFileSync(path);
  const second = 16 + whole.readUInt32BE(4);
  const third = second + 16 + whole.readUInt32BE(second + 4);
  for (let at = second; at < third; at += 1) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 0x41;
    writeFileSync(path, damaged);
    expect(() => createFileJournal({ path })).toThrow(JournalCorruptError);
    expect(() => createFileJournal({ path })).toThrow(`at byte ${second},`);
    expect(readFileSync(path).equals(damaged)).toBe(true);
  }
});

test("writes that the kernel takes in pieces are gone on with", async () => {
  const path = newPath();
  const disk: JournalDisk = {
    ...NODE_DISK,
    write: (fd, bytes, position) => NODE_DISK.write(fd, bytes.subarray(0, 7), position),
  };
  const journal = createFileJournal({ path, disk });
  await Promise.all([journal.put("a", "1"), journal.put("b", "2")]);
  await journal.close();
  expect(await keysOf(path)).toEqual(["a", "b"]);
});

function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test("on a full disk a put fails, the journal stays whole, and goes on when there is space", async () => {
  const path = newPath();
  let full = false;
  const disk: JournalDisk = {
    ...NODE_DISK,
    // Like a disk that fills up within the write: half of it is taken, then none.
    write: (fd, bytes, position) => {
      if (!full) return NODE_DISK.write(fd, bytes, position);
      return bytes.length > 20
        ? NODE_DISK.write(fd, bytes.subarray(0, bytes.length - 10), position)
        : Promise.reject(errno("ENOSPC"));
    },
  };
  const journal = createFileJournal({ path, disk });
  await journal.put("a", "1");
  const before = readFileSync(path);
  full = true;
  await expect(journal.put("b", "2")).rejects.toThrow(JournalFullError);
  expect(readFileSync(path).equals(before)).toBe(true);
  full = false;
  await journal.put("c", "3");
  await journal.close();
  expect(await keysOf(path)).toEqual(["a", "c"]);
});

test("a failed sync ends the process and is never tried again", async () => {
  const path = newPath();
  const aborts: unknown[] = [];
  let syncs = 0;
  const disk: JournalDisk = {
    ...NODE_DISK,
    sync: () => {
      syncs += 1;
      return Promise.reject(errno("EIO"));
    },
  };
  const journal = createFileJournal({ path, disk, abort: (error) => aborts.push(error) });
  await expect(journal.put("a", "1")).rejects.toThrow(JournalFailedError);
  await expect(journal.put("b", "1")).rejects.toThrow(JournalFailedError);
  expect([aborts.length, syncs]).toEqual([1, 1]);
  await journal.close();
});

test("puts that wait for the disk share one sync", async () => {
  const path = newPath();
  let syncs = 0;
  const disk: JournalDisk = {
    ...NODE_DISK,
    sync: (fd) => {
      syncs += 1;
      return NODE_DISK.sync(fd);
    },
  };
  const journal = createFileJournal({ path, disk });
  await Promise.all(Array.from({ length: 500 }, (_, index) => journal.put(`k${index}`, "1")));
  await journal.close();
  expect(syncs).toBeLessThanOrEqual(2);
});

test("the file does not grow with what is dead", async () => {
  const path = newPath();
  const journal = createFileJournal({ path, limits: { compactFromBytes: 4_096 } });
  await journal.put("kept", "for ever");
  for (let call = 0; call < 500; call += 1) {
    await journal.put(`call ${call}`, "x".repeat(200));
    journal.remove(`call ${call}`);
  }
  await journal.close();
  expect(statSync(path).size).toBeLessThan(8_192);
  expect(await keysOf(path)).toEqual(["kept"]);
});

test("without room for a rewrite the old file stays in use", async () => {
  const path = newPath();
  const disk: JournalDisk = {
    ...NODE_DISK,
    open: (name, empty) => {
      if (empty) throw errno("ENOSPC");
      return NODE_DISK.open(name, empty);
    },
  };
  const journal = createFileJournal({ path, disk, limits: { compactFromBytes: 1_024 } });
  for (let call = 0; call < 100; call += 1) {
    await journal.put("one", `${call}`);
  }
  await journal.close();
  expect(statSync(path).size).toBeGreaterThan(1_024);
  const again = createFileJournal({ path });
  expect([...again.entries()]).toEqual([["one", "99"]]);
  await again.close();
});

test("a rewrite that can't take the old file's name leaves it in use; one whose name isn't safe ends the process", async () => {
  const path = newPath();
  const aborts: unknown[] = [];
  let broken: "rename" | "directory" | null = null;
  const disk: JournalDisk = {
    ...NODE_DISK,
    rename: (from, to) => {
      if (broken === "rename") throw errno("EACCES");
      NODE_DISK.rename(from, to);
    },
    syncDirectoryOf: (name) => {
      if (broken === "directory") throw errno("EIO");
      NODE_DISK.syncDirectoryOf(name);
    },
  };
  const journal = createFileJournal({
    path,
    disk,
    abort: (error) => aborts.push(error),
    limits: { compactFromBytes: 1_024 },
  });
  const putMany = async () => {
    for (let call = 0; call < 200; call += 1) await journal.put("one", `${call}`);
  };
  broken = "rename";
  await putMany();
  expect(aborts).toEqual([]);
  broken = "directory";
  await expect(putMany()).rejects.toThrow(JournalFailedError);
  expect(aborts).toHaveLength(1);
  await journal.close();
  const again = createFileJournal({ path });
  expect([...again.entries().keys()]).toEqual(["one"]);
  await again.close();
});

test("a half-made rewrite of a crashed process is thrown away", async () => {
  const path = newPath();
  await written(path, ["a"]);
  writeFileSync(`${path}.new`, "half a frame");
  expect(await keysOf(path)).toEqual(["a"]);
  expect(() => statSync(`${path}.new`)).toThrow(/ENOENT/);
});

test("too large an entry, too many waiting and too many alive are refused by name", async () => {
  const path = newPath();
  const journal = createFileJournal({
    path,
    limits: { entryBytesMax: 100, waitingMax: 2, liveBytesMax: 150 },
  });
  await expect(journal.put("a", "x".repeat(100))).rejects.toThrow(RangeError);
  const first = [journal.put("a", "x".repeat(60)), journal.put("b", "x".repeat(60))];
  await expect(journal.put("c", "1")).rejects.toThrow(/2 changes wait/);
  await Promise.all(first);
  await expect(journal.put("d", "x".repeat(60))).rejects.toThrow(/alive/);
  await journal.put("e", "x");
  await journal.close();
  expect(await keysOf(path)).toEqual(["a", "b", "e"]);
});
