/**
 * Proofs that need no slow hash: an API key and a signed message. An unknown key id does the same work in vain as
 * a known one, so that neither the answer nor its time tells whether it exists.
 */
import type { Credential, SenderRegistered } from "../directory/messages.ts";
import type { SenderId } from "../kernel/identifiers.ts";
import { type Instant, instant, SECOND_MS } from "../kernel/time.ts";
import type { Digests } from "../ports/digests.ts";
import type { Proof, RefusalReason } from "../ports/gatekeeper.ts";
import type { Keyring } from "../ports/keyring.ts";
import { apiKeyDigest, keyIdOfApiKey, parseSha256 } from "./api-key.ts";
import { parseCreated, parseSignature, signatureOf } from "./signed-message.ts";

/** What the gate asks of the accounts in force. */
export type GateDirectory = {
  senderOf(sender: SenderId): SenderRegistered | null;
  /** The account that has a credential with this key id. */
  senderByKeyId(keyId: string): SenderRegistered | null;
};

/** Whose proof held, or why none did. */
export type Judgement =
  | {
      readonly ok: true;
      readonly sender: SenderRegistered;
      readonly keyId: string;
      readonly createdAt: Instant | null;
      readonly messageId: string | null;
    }
  | { readonly ok: false; readonly reason: RefusalReason; readonly retryAfterSeconds: number | null };

export function refused(reason: RefusalReason, retryAfterSeconds: number | null = null): Judgement {
  return { ok: false, reason, retryAfterSeconds };
}

/** Of a proof that carries neither time nor id. */
export function proven(sender: SenderRegistered, keyId: string): Judgement {
  return { ok: true, sender, keyId, createdAt: null, messageId: null };
}

const NO_DIGEST = new Uint8Array(32);

export function proveApiKey(token: string, directory: GateDirectory, digests: Digests): Judgement {
  const keyId = keyIdOfApiKey(token) ?? "";
  const sender = directory.senderByKeyId(keyId);
  const stored = parseSha256(credentialOf(sender, "api-key", keyId)?.sha256 ?? "");
  const matches = digests.equal(apiKeyDigest(token, digests), stored ?? NO_DIGEST);
  return matches && stored !== null && sender !== null ? proven(sender, keyId) : refused("credentials-wrong");
}

export type SignatureCheck = {
  readonly directory: GateDirectory;
  readonly digests: Digests;
  readonly keyring: Pick<Keyring, "open">;
  readonly now: Instant;
  readonly windowSeconds: number;
};

/** The time is looked at before the signature (H07): an old message is refused whoever wrote it. */
export async function proveSignature(
  proof: Proof & { readonly mechanism: "message-digest" },
  { directory, digests, keyring, now, windowSeconds }: SignatureCheck,
): Promise<Judgement> {
  const created = parseCreated(proof.created);
  const signature = parseSignature(proof.signature);
  if (created === null || signature === null) return refused("signature-malformed");
  const createdAt = instant(created * SECOND_MS);
  if (Math.abs(now - createdAt) > windowSeconds * SECOND_MS) return refused("timestamp-outside-window");
  const sender = directory.senderByKeyId(proof.keyId);
  const credential = credentialOf(sender, "message-digest", proof.keyId);
  // A secret that was erased opens to null and is as good as unknown.
  const secret = credential === null ? null : await keyring.open(credential.secret);
  const matches = digests.equal(signatureOf(proof, secret ?? "", digests), signature);
  if (!matches || secret === null || sender === null) return refused("credentials-wrong");
  return { ok: true, sender, keyId: proof.keyId, createdAt, messageId: proof.id };
}

function credentialOf<Mechanism extends Credential["mechanism"]>(
  sender: SenderRegistered | null,
  mechanism: Mechanism,
  keyId: string,
): Extract<Credential, { mechanism: Mechanism }> | null {
  const found = sender?.credentials.find(
    (credential): credential is Extract<Credential, { mechanism: Mechanism }> =>
      credential.mechanism === mechanism && credential.keyId === keyId,
  );
  return found ?? null;
}
