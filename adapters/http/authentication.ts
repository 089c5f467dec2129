/** From a request to its Sender, or to the problem that says why not. */
import type { FastifyRequest } from "fastify";
import type { Authenticated, Gatekeeper, Proof, RefusalReason } from "../../domain/ports/gatekeeper.ts";
import { parseAuthorization } from "../../domain/security/authorization.ts";
import { isWithin } from "../../domain/security/cidr.ts";
import { SIGNATURE_SCHEME } from "../../domain/security/signed-message.ts";
import type { HttpAnswer } from "./answer.ts";
import { problem } from "./problem.ts";

type Identified =
  | { readonly ok: true; readonly who: Authenticated }
  | { readonly ok: false; readonly answer: HttpAnswer };

const EMPTY = Buffer.alloc(0);

/** The bytes that came as the body: signatures and digests are over them, not over what was read into them. */
export function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : EMPTY;
}

export async function identify(request: FastifyRequest, gatekeeper: Gatekeeper): Promise<Identified> {
  const header = request.headers.authorization;
  const covered = { method: request.method, path: request.raw.url ?? "/", body: bodyOf(request) };
  const proof = header === undefined ? null : parseAuthorization(header, covered);
  if (header !== undefined && proof === null) {
    return no(
      "signature-malformed",
      "the header is none of Basic, Bearer or Reveille-HMAC-SHA256 in its exact form",
    );
  }
  if (proof !== null && bearsSecret(proof) && !isPrivate(request)) {
    const detail = "a password or an API key came without encryption: use https, and change the secret";
    return { ok: false, answer: problem("tls-required", { detail }) };
  }
  const answer = await gatekeeper.authenticate(proof, { channel: "http", address: request.ip });
  return answer.ok ? answer : no(answer.reason, DETAILS[answer.reason], answer.retryAfterSeconds);
}

function bearsSecret(proof: Proof): boolean {
  return proof.mechanism !== "message-digest";
}

/** Encrypted on its way, by us or by a trusted proxy, or never on a wire at all. */
function isPrivate(request: FastifyRequest): boolean {
  return request.protocol === "https" || isWithin(request.ip, ["127.0.0.0/8", "::1"]);
}

const DETAILS: Record<RefusalReason, string> = {
  "credentials-missing": "send Authorization: Basic, Bearer with an API key, or Reveille-HMAC-SHA256",
  "credentials-wrong":
    "name and secret, key, or signature do not belong together; check them, and the signed bytes",
  "timestamp-outside-window":
    "created must be within 300 seconds of our clock (see the Date header); sign anew",
  "signature-malformed": "created must be Unix seconds and signature 32 bytes in base 64",
  "source-not-allowed":
    "the account lists the addresses it sends from, and this is none of them; ask the operator",
  "sender-suspended": "the operator has suspended this account; ask them why",
  "too-many-attempts": "too many wrong proofs from this address; wait as long as Retry-After says",
  "not-ready": "the accounts are still being read; try again",
};

const CHALLENGE = [
  'Basic realm="reveille", charset="UTF-8"',
  'Bearer realm="reveille"',
  `${SIGNATURE_SCHEME} realm="reveille"`,
].join(", ");

function no(reason: RefusalReason, detail: string, retryAfterSeconds: number | null = null): Identified {
  const retry = retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) };
  const answer = problem(reason, { detail, headers: retry });
  // RFC 9110 section 11.6.1: a 401 names the ways in.
  const headers =
    answer.status === 401 ? { ...answer.headers, "www-authenticate": CHALLENGE } : answer.headers;
  return { ok: false, answer: { ...answer, headers } };
}
