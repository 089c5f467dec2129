/**
 * Digest authentication as client (RFC 7616, RFC 8760), in place of the core's, which knows MD5 and one challenge.
 * The password answers only a challenge of the realm that the trunk is configured for.
 */
import { createHash } from "node:crypto";
import { isToken } from "./read-head.ts";
import { splitOutside } from "./split-outside.ts";

export type SipCredentials = {
  readonly user: string;
  readonly password: string;
  /** Challenges of other realms are not answered. Null: the peer's, whatever it is called. */
  readonly realm: string | null;
};

export type Challenge = {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: "MD5" | "SHA-256";
  /** Whether "auth" is among the offered qualities of protection; without it the old form of RFC 2069 is used. */
  readonly qopAuth: boolean;
  readonly opaque: string | null;
  readonly stale: boolean;
};

const STRENGTH: readonly Challenge["algorithm"][] = ["SHA-256", "MD5"];
const DIGEST = /^Digest /i;

/** The strongest challenge that these credentials may answer; null when there is none. */
export function chooseChallenge(values: readonly string[], credentials: SipCredentials): Challenge | null {
  const fitting = values
    .map(parseChallenge)
    .filter((challenge) => challenge !== null)
    .filter(({ realm }) => credentials.realm === null || realm === credentials.realm);
  const [best] = fitting.toSorted(
    (one, other) => STRENGTH.indexOf(one.algorithm) - STRENGTH.indexOf(other.algorithm),
  );
  return best ?? null;
}

/** Reads one WWW-Authenticate or Proxy-Authenticate value; null for what we cannot answer. */
export function parseChallenge(value: string): Challenge | null {
  if (!DIGEST.test(value)) return null;
  const fields = new Map<string, string>();
  for (const part of splitOutside(value.slice("Digest ".length), ",")) {
    const equals = part.indexOf("=");
    const name = part.slice(0, Math.max(0, equals)).trim().toLowerCase();
    if (isToken(name)) fields.set(name, unquote(part.slice(equals + 1).trim()));
  }
  const realm = fields.get("realm");
  const nonce = fields.get("nonce");
  const algorithm = (fields.get("algorithm") ?? "MD5").toUpperCase();
  if (realm === undefined || nonce === undefined) return null;
  if (algorithm !== "MD5" && algorithm !== "SHA-256") return null;
  const qop = fields.get("qop");
  const qopAuth = qop?.split(",").some((kind) => kind.trim().toLowerCase() === "auth") ?? false;
  // auth-int alone would need the hash of every body; nobody asks for it.
  if (qop !== undefined && !qopAuth) return null;
  const stale = fields.get("stale")?.toLowerCase() === "true";
  return { realm, nonce, algorithm, qopAuth, opaque: fields.get("opaque") ?? null, stale };
}

export type DigestRequest = { readonly method: string; readonly uri: string; readonly cnonce: string };

/** The value of Authorization or Proxy-Authorization. Each nonce is used once, so that nc is always 1. */
export function answerChallenge(
  challenge: Challenge,
  credentials: SipCredentials,
  request: DigestRequest,
): string {
  const { realm, nonce, algorithm, qopAuth, opaque } = challenge;
  const { cnonce, uri } = request;
  const hash = (text: string): string =>
    createHash(algorithm === "MD5" ? "md5" : "sha256")
      .update(text)
      .digest("hex");
  const secret = hash(`${credentials.user}:${realm}:${credentials.password}`);
  const action = hash(`${request.method}:${uri}`);
  const proof = qopAuth ? `${nonce}:00000001:${cnonce}:auth` : nonce;
  return [
    `Digest username=${quote(credentials.user)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `response="${hash(`${secret}:${proof}:${action}`)}"`,
    `algorithm=${algorithm}`,
    ...(qopAuth ? [`cnonce=${quote(cnonce)}`, "qop=auth", "nc=00000001"] : []),
    ...(opaque === null ? [] : [`opaque=${quote(opaque)}`]),
  ].join(", ");
}

function unquote(text: string): string {
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return text;
  return text.slice(1, -1).replaceAll(/\\([\s\S])/g, "$1");
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
}
