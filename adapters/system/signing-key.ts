/** The key that exports are signed with: Ed25519 (RFC 8032), made once, in a file that its owner alone may read. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { CheckSignature, Signer } from "../../domain/ports/signing.ts";

/** No key there, or one that is none. Trying again can't help; `reveille audit key` makes one. */
class SigningKeyError extends Error {
  readonly retryable = false;
  override readonly name = "SigningKeyError";
}

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** Makes the file where there is none; leaves one that is there as it is. Answers whether it made it. */
export function makeSigningKey(path: string): boolean {
  if (existsSync(path)) return false;
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  // `wx`: of two that make it at once, one is refused instead of the other's key being lost.
  writeFileSync(path, pem, { mode: OWNER_ONLY, flag: "wx", flush: true });
  chmodSync(path, OWNER_ONLY);
  return true;
}

/** Throws `SigningKeyError`. */
export function openSigningKey(path: string): Signer {
  const key = readKey(path);
  const publicKey = rawPublicKey(createPublicKey(key));
  return { publicKey, sign: (bytes) => sign(null, bytes, key).toString("hex") };
}

function readKey(path: string): KeyObject {
  if (!existsSync(path))
    throw new SigningKeyError(`audit: there is no key at ${path}; make one with "reveille audit key"`);
  if ((statSync(path).mode & OTHERS) !== 0)
    throw new SigningKeyError(`audit: ${path} may be read by others; chmod 600 it, or make a new key`);
  try {
    const key = createPrivateKey(readFileSync(path));
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // Whatever the file holds may be secret: what is wrong with it is not told.
  }
  throw new SigningKeyError(`audit: ${path} holds no Ed25519 private key in PEM; give one, or remove it`);
}

// RFC 8410 section 4: a public key is these twelve bytes of ASN.1, then the key itself.
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const KEY_HEX = /^[0-9a-f]{64}$/;
const SIGNATURE_HEX = /^[0-9a-f]{128}$/;

function rawPublicKey(key: KeyObject): string {
  const der = key.export({ type: "spki", format: "der" });
  return der.subarray(SPKI_PREFIX.length).toString("hex");
}

export const checkSignature: CheckSignature = ({ publicKey, bytes, signature }) => {
  if (!KEY_HEX.test(publicKey) || !SIGNATURE_HEX.test(signature)) return false;
  const der = Buffer.concat([SPKI_PREFIX, Buffer.from(publicKey, "hex")]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  return verify(null, bytes, key, Buffer.from(signature, "hex"));
};
