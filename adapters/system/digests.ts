/**
 * Hashes from node:crypto. A password costs 19 MB and some 30 ms on purpose, so that a stolen directory is slow
 * to guess from; therefore no more than two are computed at once, and not more than so many wait, or whoever
 * posts wrong passwords fast enough would take the gateway's memory and thread pool for himself.
 */
import {
  argon2,
  createHmac,
  createSecretKey,
  hash as oneShotHash,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import type { Digests } from "../../domain/ports/digests.ts";

/** RFC 9106, and the smallest setting that OWASP recommends for argon2id. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const SALT_BYTES = 16;
const TAG_BYTES = 32;

const AT_ONCE_MAX = 2;
/** Beyond it a password is refused unread; at 30 ms each the last one waits for about 4 s. */
const WAITING_MAX = 256;
/** A hash from elsewhere may be dearer than ours, within this. */
const MEMORY_KIB_MAX = 262_144;
const PASSES_MAX = 16;
const LANES_MAX = 8;
const PASSWORD_BYTES_MAX = 1_024;

/** Too many passwords wait to be checked. Trying again later helps. */
export class TooManyPasswordsError extends Error {
  readonly retryable = true;
  override readonly name = "TooManyPasswordsError";
}

type Cost = { readonly memory: number; readonly passes: number; readonly parallelism: number };
type Hash = Cost & { readonly salt: Buffer; readonly tag: Buffer };

export function createDigests(): Digests {
  const inTurn = createTurnstile();
  return {
    sha256: (bytes) => new Uint8Array(oneShotHash("sha256", bytes, "buffer")),
    // A key object: with bare bytes Node 24 takes five times as long, asking by exceptions what they are.
    hmacSha256: (key, bytes) =>
      new Uint8Array(createHmac("sha256", createSecretKey(key)).update(bytes).digest()),
    equal: (a, b) => a.byteLength === b.byteLength && timingSafeEqual(a, b),
    async hashPassword(password) {
      const cost = { memory: MEMORY_KIB, passes: PASSES, parallelism: LANES };
      const salt = randomBytes(SALT_BYTES);
      requireLength(password);
      const tag = await inTurn(() => derive(password, { ...cost, salt, tag: Buffer.alloc(TAG_BYTES) }));
      return writePhc({ ...cost, salt, tag });
    },
    async verifyPassword(password, phc) {
      const hash = parsePhc(phc);
      if (hash === null || Buffer.byteLength(password) > PASSWORD_BYTES_MAX) return false;
      const tag = await inTurn(() => derive(password, hash));
      return timingSafeEqual(tag, hash.tag);
    },
  };
}

function requireLength(password: string): void {
  if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) {
    throw new RangeError(`password: longer than ${PASSWORD_BYTES_MAX} bytes; choose a shorter one`);
  }
}

function derive(password: string, hash: Hash): Promise<Buffer> {
  const { memory, passes, parallelism, salt, tag } = hash;
  return new Promise((resolve, reject) => {
    argon2(
      "argon2id",
      { message: password, nonce: salt, memory, passes, parallelism, tagLength: tag.length },
      (error, result) => (error === null ? resolve(result) : reject(error)),
    );
  });
}

/** Lets `AT_ONCE_MAX` through at a time, first come first served. */
function createTurnstile(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let inside = 0;

  async function enter(): Promise<void> {
    if (inside < AT_ONCE_MAX) {
      inside += 1;
      return;
    }
    if (waiting.length >= WAITING_MAX) {
      throw new TooManyPasswordsError(
        `digests: ${WAITING_MAX} passwords wait already; try again in a moment`,
      );
    }
    // Whoever leaves hands over its place, so `inside` stays as it is.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) inside -= 1;
    else next();
  }

  return async (work) => {
    await enter();
    try {
      return await work();
    } finally {
      leave();
    }
  };
}

const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** Null for what is no argon2id hash, or one that would cost more than we spend on a stranger's word. */
function parsePhc(text: string): Hash | null {
  const [, memory, passes, parallelism, salt, tag] = PHC.exec(text) ?? [];
  if (salt === undefined || tag === undefined) return null;
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  if (cost.memory > MEMORY_KIB_MAX || cost.passes > PASSES_MAX || cost.parallelism > LANES_MAX) return null;
  if (cost.passes < 1 || cost.parallelism < 1 || cost.memory < 8 * cost.parallelism) return null;
  return { ...cost, salt: Buffer.from(salt, "base64"), tag: Buffer.from(tag, "base64") };
}

function writePhc({ memory, passes, parallelism, salt, tag }: Hash): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
}

// PHC strings carry base64 without its padding.
function base64(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}
