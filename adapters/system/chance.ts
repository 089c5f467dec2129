import { randomBytes } from "node:crypto";
import type { Chance } from "../../domain/ports/chance.ts";

/** 53 random bits fill the mantissa of a double. */
const DRAW_STEPS = 2 ** 53;
const ULID_TIME_DIGITS = 10;
const ULID_RANDOM_DIGITS = 16;
/** The ULID's alphabet: Crockford's base 32 in capitals. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Dice of the operating system. `now` is for the time within an ULID. */
export function createChance(now: () => number = Date.now): Chance {
  return {
    draw: () => Number(randomBytes(8).readBigUInt64BE() >> 11n) / DRAW_STEPS,
    ulid: () => timeDigits(now()) + randomDigits(),
    bytes: (count) => new Uint8Array(randomBytes(count)),
  };
}

function timeDigits(at: number): string {
  let left = Math.floor(at);
  let digits = "";
  for (let place = 0; place < ULID_TIME_DIGITS; place += 1) {
    digits = (ALPHABET[left % 32] ?? "") + digits;
    left = Math.floor(left / 32);
  }
  return digits;
}

// A byte gives five bits without bias, since 256 is a multiple of 32.
function randomDigits(): string {
  return Array.from(randomBytes(ULID_RANDOM_DIGITS), (byte) => ALPHABET[byte % 32] ?? "").join("");
}
