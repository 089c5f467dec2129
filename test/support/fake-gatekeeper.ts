import { parseSenderId, type SenderId } from "../../domain/kernel/identifiers.ts";
import type { GateAnswer, Gatekeeper, Proof, RefusalReason } from "../../domain/ports/gatekeeper.ts";
import type { Channel } from "../../domain/request/terms.ts";

export const ACME = senderId("acme");
export const PASSWORD = "correct horse";

export type FakeGatekeeper = Gatekeeper & {
  readonly asked: { readonly proof: Proof | null; readonly channel: Channel; readonly address: string }[];
  /** When set, everybody is refused with it. */
  refusing: { readonly reason: RefusalReason; readonly retryAfterSeconds: number | null } | null;
};

/** Knows Senders by the password "correct horse", and takes every signature that is called "good". */
export function createFakeGatekeeper(): FakeGatekeeper {
  const fake: FakeGatekeeper = {
    asked: [],
    refusing: null,
    async authenticate(proof, from) {
      fake.asked.push({ proof, ...from });
      return fake.refusing === null ? judge(proof) : { ok: false, ...fake.refusing };
    },
  };
  return fake;
}

function judge(proof: Proof | null): GateAnswer {
  if (proof === null) return no("credentials-missing");
  switch (proof.mechanism) {
    case "password":
      return proof.password === PASSWORD
        ? yes(proof.sender, proof, proof.sender, null)
        : no("credentials-wrong");
    case "api-key":
      return no("credentials-wrong");
    case "message-digest":
      return proof.signature === "good" ? yes("acme", proof, proof.keyId, proof.id) : no("credentials-wrong");
    default:
      return proof satisfies never;
  }
}

function yes(sender: string, proof: Proof, keyId: string, messageId: string | null): GateAnswer {
  return {
    ok: true,
    who: {
      sender: senderId(sender),
      authentication: { mechanism: proof.mechanism, keyId },
      createdAt: null,
      messageId,
    },
  };
}

function no(reason: RefusalReason): GateAnswer {
  return { ok: false, reason, retryAfterSeconds: null };
}

export function senderId(text: string): SenderId {
  const id = parseSenderId(text);
  if (id === null) throw new Error(`fake gatekeeper: "${text}" is no account name`);
  return id;
}
