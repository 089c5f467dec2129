/**
 * The id of a kept event: the same for the same event under the same number of the same Request. The content is part
 * of it because EventStoreDB takes an append whose id it has for a repeat without looking at what it says: with an
 * id of the number alone, another event in its place would be acknowledged and thrown away.
 */
import { createHash } from "node:crypto";
import type { RequestId } from "../../domain/kernel/identifiers.ts";

// RFC 9562 section 5.8: version 8 is for ids made by rules of one's own; the variant stands in the ninth byte.
const VERSION = 0x80;
const VARIANT = 0x80;

/** `content` is the event's canonical JSON. A UUID in its usual spelling. */
export function eventIdOf(request: RequestId, seq: number, content: string): string {
  const bytes = createHash("sha256").update(`${request}#${seq}\n${content}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | VERSION;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | VARIANT;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
