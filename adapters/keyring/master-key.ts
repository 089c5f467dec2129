/**
 * The two keys that everything hangs on, in one file for its owner alone: the key-encryption key, without which
 * no data key opens, and the tenant key of the pseudonyms. Whoever loses the file loses every number; whoever
 * copies it together with the keyring undoes erasure. So: back it up once, apart from all else.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { KEY_BYTES } from "./cipher.ts";
import { MasterKeyError } from "./keyring-errors.ts";

export type MasterKey = {
  /** Wraps data keys. */
  readonly encryption: Uint8Array;
  /** Makes pseudonyms. */
  readonly tenant: Uint8Array;
};

const FIRST_LINE = "reveille master key 1";
const FORM = new RegExp(`^${FIRST_LINE}\\nencryption ([A-Za-z0-9+/]{43}=)\\ntenant ([A-Za-z0-9+/]{43}=)\\n$`);

/** Null when there is no such file. Throws `MasterKeyError` when it is unfit. */
export function readMasterKey(path: string): MasterKey | null {
  const text = readIfThere(path);
  if (text === null) return null;
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new MasterKeyError(
      `keyring: others can read ${path}; chmod 600 it, and think about who has read it`,
    );
  }
  const [, encryption, tenant] = FORM.exec(text) ?? [];
  if (encryption === undefined || tenant === undefined) {
    throw new MasterKeyError(`keyring: ${path} is no master key; restore it from its backup`);
  }
  return { encryption: Buffer.from(encryption, "base64"), tenant: Buffer.from(tenant, "base64") };
}

/** Makes the file, durably, or takes the one that another process made at the same time. Throws `MasterKeyError`. */
export function createMasterKey(path: string): MasterKey {
  if (!existsSync(dirname(path))) {
    throw new MasterKeyError(`keyring: ${path} can't be made: there is no folder ${dirname(path)}; make it`);
  }
  const draft = `${path}.${process.pid}.${randomBytes(6).toString("hex")}`;
  writeDurably(draft, written(randomBytes(KEY_BYTES), randomBytes(KEY_BYTES)));
  try {
    // Unlike a rename, a link never replaces: of many that start together exactly one wins.
    linkSync(draft, path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  syncDirectory(dirname(path));
  const key = readMasterKey(path);
  if (key === null) throw new MasterKeyError(`keyring: ${path} was made and is gone; who removes it?`);
  return key;
}

function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeDurably(path: string, text: string): void {
  const fd = openSync(path, "wx", 0o600);
  try {
    const bytes = Buffer.from(text, "utf8");
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function written(encryption: Buffer, tenant: Buffer): string {
  return `${FIRST_LINE}\nencryption ${encryption.toString("base64")}\ntenant ${tenant.toString("base64")}\n`;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : null;
}
