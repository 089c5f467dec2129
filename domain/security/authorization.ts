/** The `Authorization` header, and its twin in a mail, as a proof to be judged. */
import type { Proof } from "../ports/gatekeeper.ts";
import { SIGNATURE_SCHEME } from "./signed-message.ts";

/** What the signature of a message covers beside its own parameters. */
export type Covered = { readonly method: string; readonly path: string; readonly body: Uint8Array };

const AUTHORIZATION_CHARACTERS_MAX = 2_048;

const FORM = /^([A-Za-z0-9-]+) +(\S.*)$/;

/** Null where the header is in none of the three forms; whether it proves anything is the gatekeeper's business. */
export function parseAuthorization(header: string, covered: Covered): Proof | null {
  if (header.length > AUTHORIZATION_CHARACTERS_MAX) return null;
  const [, scheme, rest] = FORM.exec(header.trim()) ?? [];
  if (scheme === undefined || rest === undefined) return null;
  switch (scheme.toLowerCase()) {
    case "basic":
      return parseBasic(rest);
    case "bearer":
      return /^[A-Za-z0-9._~+/-]+=*$/.test(rest) ? { mechanism: "api-key", token: rest } : null;
    case SIGNATURE_SCHEME.toLowerCase():
      return parseSigned(rest, covered);
    default:
      return null;
  }
}

// RFC 7617 section 2: user and password are split at the first colon; 2.1: we announce UTF-8.
function parseBasic(token: string): Proof | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(token) || token.length % 4 !== 0) return null;
  const bytes = Uint8Array.from(atob(token), (character) => character.charCodeAt(0));
  const pair = new TextDecoder().decode(bytes);
  const colon = pair.indexOf(":");
  if (colon < 1) return null;
  return { mechanism: "password", sender: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

const PARAMETER = /^(keyId|created|id|signature)=(?:"([!#-[\]-~]{1,128})"|([0-9]{1,16}))$/;

function parseSigned(rest: string, covered: Covered): Proof | null {
  const found = new Map<string, string>();
  for (const part of rest.split(",")) {
    const [, name, quoted, bare] = PARAMETER.exec(part.trim()) ?? [];
    const value = quoted ?? bare;
    // A parameter that stands twice could be read as one by us and as the other by the Sender's proxy.
    if (name === undefined || value === undefined || found.has(name)) return null;
    found.set(name, value);
  }
  const keyId = found.get("keyId");
  const created = found.get("created");
  const id = found.get("id");
  const signature = found.get("signature");
  if (keyId === undefined || created === undefined || id === undefined || signature === undefined)
    return null;
  return { mechanism: "message-digest", keyId, created, id, signature, ...covered };
}
