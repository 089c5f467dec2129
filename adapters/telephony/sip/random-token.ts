import { randomFillSync } from "node:crypto";

/** 128 tokens' worth: asking the generator each time costs more than writing the message. */
const POOL_BYTES = 2_048;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

function take(bytes: number, encoding: "base64url" | "hex"): string {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const text = pool.toString(encoding, used, used + bytes);
  // Handed out once: what was a tag must not be found in memory and taken for the next one.
  pool.fill(0, used, used + bytes);
  used += bytes;
  return text;
}

/** RFC 3261 8.1.1.7 wants branches unique over space and time: 72 random bits. */
export function newBranch(): string {
  return `z9hG4bK${take(9, "base64url")}`;
}

/** For Call-IDs and tags: whoever guesses both can end a call (RFC 3261 19.3 asks for 32 bits at least). */
export function newToken(): string {
  return take(12, "hex");
}
