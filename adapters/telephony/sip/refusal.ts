/**
 * Refusals made without the core and without state: a flood must cost us one short text, never a transaction
 * (RFC 3261 8.2.7). They are sent once and not repeated, or one forged INVITE would make us send eleven packets.
 */
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import type { CoreResponse } from "./sip-core.ts";
import type { RawHeaders } from "./sip-syntax-error.ts";

const PHRASES: ReadonlyMap<number, string> = new Map([
  [200, "OK"],
  [400, "Bad Request"],
  [405, "Method Not Allowed"],
  [406, "Not Acceptable"],
  [415, "Unsupported Media Type"],
  [416, "Unsupported URI Scheme"],
  [420, "Bad Extension"],
  [481, "Call/Transaction Does Not Exist"],
  [483, "Too Many Hops"],
  [503, "Service Unavailable"],
  [505, "Version Not Supported"],
  [513, "Message Too Large"],
]);

const tagSecret = createSecretKey(randomBytes(16));

/**
 * A final response to a request known by its raw headers, the top Via already stamped. Null when From, To,
 * Call-ID or CSeq is missing: then nobody could match it.
 */
export function writeRefusal(
  status: number,
  headers: RawHeaders,
  vias: readonly string[],
  extraHeaders: readonly string[] = [],
): string | null {
  const from = headers.get("from")?.[0];
  const to = headers.get("to")?.[0];
  const callId = headers.get("call-id")?.[0];
  const cseq = headers.get("cseq")?.[0];
  if (vias.length === 0 || !from || !to || !callId || !cseq) return null;
  return [
    `SIP/2.0 ${status} ${PHRASES.get(status) ?? "Refused"}`,
    ...vias.map((via) => `Via: ${via}`),
    `From: ${from}`,
    `To: ${/;\s*tag\s*=/i.test(to) ? to : `${to};tag=${statelessTag([callId, from, cseq])}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq}`,
    ...extraHeaders,
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

/** The ACK to a refusal of an INVITE of ours that the core has moved on from (RFC 3261 17.1.1.3). */
export function writeAckAgain(refusal: CoreResponse): string {
  const { host, port } = refusal.via;
  return [
    `ACK ${refusal.to.uri.toString()} SIP/2.0`,
    `Via: SIP/2.0/UDP ${host}:${port};branch=${refusal.viaBranch};rport`,
    `To: ${refusal.getHeader("to")}`,
    `From: ${refusal.getHeader("from")}`,
    `Call-ID: ${refusal.callId}`,
    `CSeq: ${refusal.cseq} ACK`,
    "Max-Forwards: 70",
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

/** The same for a repeated request, as RFC 3261 8.2.7 wants, and no stranger can foretell it. */
function statelessTag(parts: readonly string[]): string {
  return createHmac("sha256", tagSecret).update(parts.join("\n")).digest("hex").slice(0, 16);
}
