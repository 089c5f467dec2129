import { randomBytes } from "node:crypto";
import type { Chance } from "../../domain/ports/chance.ts";

/** 53 random bits fill the mantissa of a double. */
const DRAW_STEPS = 2 ** 53;
const ULID_TIME_DIGITS = 10;
const ULID_RANDOM_DIGITS = 16;
/** The ULID's alphabet: Crockford's base 32 in capitals. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Asking the system for each id alone took a fifth of a dispatcher's time. */
const POOL_BYTES = 4_096;

/** Dice of the operating system. `now` is for the time within an ULID. */
export function createChance(now: () => number = Date.now): Chance {
  let pool = Buffer.alloc(0);
  let used = 0;
  let time = { at: Number.NaN, digits: "" };

  // A byte gives five bits without bias, since 256 is a multiple of 32.
  function randomDigits(): string {
    if (used + ULID_RANDOM_DIGITS > pool.length) {
      pool = randomBytes(POOL_BYTES);
      used = 0;
    }
    let digits = "";
    for (const end = used + ULID_RANDOM_DIGITS; used < end; used += 1) {
      digits += ALPHABET[(pool[used] ?? 0) % 32] ?? "";
    }
    return digits;
  }

  function timeNow(): string {
    const at = Math.floor(now());
    if (time.at !== at) time = { at, digits: timeDigits(at) };
    return time.digits;
  }

  return {
    draw: () => Number(randomBytes(8).readBigUInt64BE() >> 11n) / DRAW_STEPS,
    ulid: () => timeNow() + randomDigits(),
    bytes: (count) => new Uint8Array(randomBytes(count)),
  };
}

function timeDigits(at: number): string {
  let left = at;
  let digits = "";
  for (let place = 0; place < ULID_TIME_DIGITS; place += 1) {
    digits = (ALPHABET[left % 32] ?? "") + digits;
    left = Math.floor(left / 32);
  }
  return digits;
}
