/**
 * Who is this? One gate for HTTP and mail. Order of the checks: attempts of the address, then the proof, then
 * whether that Sender may come from there at all. An unknown Sender, an unknown key and a wrong secret cost the
 * same and are told the same: whoever has no account learns nothing about those who have.
 */
import type { SenderRegistered } from "../domain/directory/messages.ts";
import { assertNever } from "../domain/kernel/assert-never.ts";
import { parseSenderId } from "../domain/kernel/identifiers.ts";
import { milliseconds } from "../domain/kernel/time.ts";
import type { GateAnswer, Gatekeeper, Proof, RefusalReason } from "../domain/ports/gatekeeper.ts";
import { type Keyring, KeyringUnavailableError } from "../domain/ports/keyring.ts";
import type { IntakeRefused } from "../domain/request/commands.ts";
import type { Channel } from "../domain/request/terms.ts";
import { keyIdOfApiKey } from "../domain/security/api-key.ts";
import { ATTEMPT_RULES, type AttemptRules, createAttemptLimit } from "../domain/security/attempt-limit.ts";
import { isWithin } from "../domain/security/cidr.ts";
import {
  type GateDirectory,
  type Judgement,
  proveApiKey,
  proveSignature,
  refused,
} from "../domain/security/prove.ts";
import { createRefusalCounts, REFUSAL_RECORD_EVERY_MS } from "../domain/security/refusal-counts.ts";
import { SIGNATURE_WINDOW_SECONDS } from "../domain/security/signed-message.ts";
import { createPasswordCheck, type PasswordPorts } from "./password-check.ts";

export type GatekeeperPorts = PasswordPorts & {
  readonly directory: GateDirectory & {
    /** False until the accounts have been read from the log: nobody is turned away as unknown before. */
    isReady(): boolean;
  };
  readonly keyring: Pick<Keyring, "open">;
  /** Appends a counted refusal to `requests`. Must not throw; a lost count is no reason to let anybody in. */
  readonly recordRefusal: (fact: IntakeRefused) => void;
  /** How many wrong proofs an address may show; the default suits the open Internet. */
  readonly attempts?: AttemptRules;
};

type Origin = { readonly channel: Channel; readonly address: string };

export function createGatekeeper(ports: GatekeeperPorts): Gatekeeper {
  const { directory, digests, keyring, clock } = ports;
  const limit = createAttemptLimit(ports.attempts ?? ATTEMPT_RULES);
  const passwords = createPasswordCheck(ports);
  const noteRefusal = createRefusalNotes(ports);

  async function judge(proof: Proof, from: Origin): Promise<Judgement> {
    const blockedForSeconds = limit.blockedForSeconds(from.address, clock.monotonic());
    if (blockedForSeconds !== null) return refused("too-many-attempts", blockedForSeconds);
    const judgement = await prove(proof, from);
    return judgement.ok ? admit(judgement, from.address) : judgement;
  }

  /** Null where the secret's key can't be looked up now: that is nobody's wrong proof. */
  async function judgeOrNull(proof: Proof, from: Origin): Promise<Judgement | null> {
    try {
      return await judge(proof, from);
    } catch (error) {
      if (error instanceof KeyringUnavailableError) return null;
      throw error;
    }
  }

  async function prove(proof: Proof, from: Origin): Promise<Judgement> {
    const pay = (): void => limit.charge(from.address, clock.monotonic());
    const windowSeconds = SIGNATURE_WINDOW_SECONDS[from.channel === "email" ? "email" : "http"];
    switch (proof.mechanism) {
      case "password":
        return passwords.check(proof.sender, proof.password, {
          pay,
          giveBack: () => limit.giveBack(from.address),
        });
      case "api-key":
        return charged(proveApiKey(proof.token, directory, digests), pay);
      case "message-digest":
        return charged(
          await proveSignature(proof, { directory, digests, keyring, now: clock.now(), windowSeconds }),
          pay,
        );
      default:
        return assertNever(proof);
    }
  }

  return {
    async authenticate(proof, from) {
      if (!directory.isReady()) return { ok: false, reason: "not-ready", retryAfterSeconds: 1 };
      if (proof === null) {
        noteRefusal("", from, "credentials-missing");
        return { ok: false, reason: "credentials-missing", retryAfterSeconds: null };
      }
      const judgement = await judgeOrNull(proof, from);
      if (judgement === null) return { ok: false, reason: "not-ready", retryAfterSeconds: 1 };
      if (judgement.ok) return admitted(proof, judgement);
      noteRefusal(claimedBy(proof, directory), from, judgement.reason);
      return judgement;
    },
  };
}

/** A message that is merely late teaches a guesser nothing: only wrong proofs are charged. */
function charged(judgement: Judgement, pay: () => void): Judgement {
  const guessed =
    !judgement.ok && (judgement.reason === "credentials-wrong" || judgement.reason === "signature-malformed");
  if (guessed) pay();
  return judgement;
}

type Proven = Judgement & { readonly ok: true };

/** The last questions, asked only of who has proven to be that Sender. */
function admit(judgement: Proven, address: string): Judgement {
  const { sources, standing }: SenderRegistered = judgement.sender;
  if (sources.length > 0 && !isWithin(address, sources)) return refused("source-not-allowed");
  return standing === "active" ? judgement : refused("sender-suspended");
}

function admitted(proof: Proof, { sender, keyId, createdAt, messageId }: Proven): GateAnswer {
  const authentication = { mechanism: proof.mechanism, keyId };
  return { ok: true, who: { sender: sender.sender, authentication, createdAt, messageId } };
}

type NoteRefusal = (claimedSender: string, from: Origin, reason: RefusalReason) => void;

function createRefusalNotes({ clock, recordRefusal }: GatekeeperPorts): NoteRefusal {
  const counts = createRefusalCounts(recordRefusal);
  let flushDue = false;

  function scheduleFlush(): void {
    if (flushDue) return;
    flushDue = true;
    clock.schedule(milliseconds(REFUSAL_RECORD_EVERY_MS), () => {
      flushDue = false;
      if (counts.flush(clock.now())) scheduleFlush();
    });
  }

  return (claimedSender, from, reason) => {
    counts.note({ channel: from.channel, source: from.address, claimedSender, reason }, clock.now());
    scheduleFlush();
  };
}

/** Only accounts that exist are named: a password typed into the wrong field must not reach the log. */
function claimedBy(proof: Proof, directory: GateDirectory): string {
  if (proof.mechanism === "password") {
    const id = parseSenderId(proof.sender);
    return (id === null ? null : directory.senderOf(id))?.sender ?? "";
  }
  const keyId = proof.mechanism === "api-key" ? keyIdOfApiKey(proof.token) : proof.keyId;
  return directory.senderByKeyId(keyId ?? "")?.sender ?? "";
}
