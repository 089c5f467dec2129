/** Accounts, preferences and rules, written to `directory`: secrets are hashed or sealed before they get there. */

import type { Credential, DirectoryMessage, SenderRegistered } from "../domain/directory/messages.ts";
import { unownedEnvelope } from "../domain/kernel/envelope.ts";
import { toHex } from "../domain/kernel/hex.ts";
import { parseSenderId, type SenderId, slotOfName } from "../domain/kernel/identifiers.ts";
import { seconds } from "../domain/kernel/time.ts";
import { defaultReceiverRules } from "../domain/policy/default-rules.ts";
import type { Chance } from "../domain/ports/chance.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { Digests } from "../domain/ports/digests.ts";
import type { EventLog } from "../domain/ports/event-log.ts";
import type { Keyring } from "../domain/ports/keyring.ts";
import { RECEIVER } from "../domain/request/events.ts";
import { directoryKey } from "../projections/directory.ts";
import { type DirectoryForm, DirectoryFormError, type RulesForm, type SenderForm } from "./directory-form.ts";

const SECRET_CHARACTERS_MIN = 8;
const SIGNING_SECRET_CHARACTERS_MIN = 16;
const API_KEY = /^rvl_([A-Za-z0-9-]{1,64})_([A-Za-z0-9_-]{16,})$/;

export type Administration = {
  /** Durable when it resolves. Answers what was written, by key. Throws `DirectoryFormError`. */
  apply(form: DirectoryForm): Promise<readonly string[]>;
};

export function createAdministration(ports: {
  readonly log: Pick<EventLog, "append">;
  readonly keyring: Pick<Keyring, "seal">;
  readonly digests: Digests;
  readonly clock: Clock;
  readonly chance: Chance;
}): Administration {
  const { digests, clock } = ports;
  const text = new TextEncoder();
  async function credentialsOf(form: SenderForm, sender: SenderId): Promise<Credential[]> {
    const credentials: Credential[] = [];
    if (form.password !== undefined) {
      if (form.password.length < SECRET_CHARACTERS_MIN) {
        throw new DirectoryFormError(
          `directory: the password of ${sender} is too short; give at least ${SECRET_CHARACTERS_MIN} characters`,
        );
      }
      credentials.push({
        mechanism: "password",
        keyId: sender,
        phc: await digests.hashPassword(form.password),
      });
    }
    if (form.apiKey !== undefined) {
      const match = API_KEY.exec(form.apiKey);
      if (match?.[1] === undefined || match[2] === undefined) {
        throw new DirectoryFormError(
          `directory: the API key of ${sender} is not of the form rvl_<key id>_<secret of 16 or more>`,
        );
      }
      credentials.push({
        mechanism: "api-key",
        keyId: match[1],
        sha256: toHex(digests.sha256(text.encode(form.apiKey))),
      });
    }
    if (form.signingKey !== undefined) {
      const { keyId, secret } = form.signingKey;
      if (secret.length < SIGNING_SECRET_CHARACTERS_MIN) {
        throw new DirectoryFormError(
          `directory: the signing secret of ${sender} is too short; give at least ${SIGNING_SECRET_CHARACTERS_MIN} characters`,
        );
      }
      credentials.push({
        mechanism: "message-digest",
        keyId,
        secret: await ports.keyring.seal(`sender:${sender}`, clock.now(), secret),
      });
    }
    if (credentials.length === 0) {
      throw new DirectoryFormError(
        `directory: ${sender} has no credential; give password, apiKey or signingKey`,
      );
    }
    return credentials;
  }

  async function senderOf(form: SenderForm): Promise<SenderRegistered> {
    const sender = parseSenderId(form.sender);
    if (sender === null) {
      throw new DirectoryFormError(
        `directory: "${form.sender}" is no account name; give lower-case letters, digits and hyphens`,
      );
    }
    if (sender === RECEIVER) {
      throw new DirectoryFormError(
        `directory: "${RECEIVER}" is what events call this house; give the account another name`,
      );
    }
    return {
      type: "SenderRegistered",
      sender,
      at: clock.now(),
      standing: form.suspended === true ? "suspended" : "active",
      credentials: await credentialsOf(form, sender),
      sources: form.sources ?? [],
      hours: form.hours ?? [],
      serviceLevel: form.serviceLevel ?? "basic",
      bulkiness: form.kind ?? "solitary",
    };
  }

  function rulesOf(form: RulesForm): DirectoryMessage {
    const { volumePeriodSeconds, lineWaitSeconds, lostRetrySeconds, ...given } = form;
    const defaults = defaultReceiverRules(clock.now());
    const rules = { ...defaults, ...given };
    return {
      ...rules,
      // Enhanced service is never tried less often than basic because somebody raised only one of the two.
      enhancedOfferRefusalsMax:
        given.enhancedOfferRefusalsMax ?? Math.max(rules.offerRefusalsMax, defaults.enhancedOfferRefusalsMax),
      volumePeriodMs: volumePeriodSeconds === undefined ? rules.volumePeriodMs : seconds(volumePeriodSeconds),
      lineWaitMs: lineWaitSeconds === undefined ? rules.lineWaitMs : seconds(lineWaitSeconds),
      lostRetryMs: lostRetrySeconds === undefined ? rules.lostRetryMs : seconds(lostRetrySeconds),
    };
  }

  return {
    async apply(form) {
      refuseTwice(form.senders ?? []);
      const messages: DirectoryMessage[] = [];
      for (const sender of form.senders ?? []) messages.push(await senderOf(sender));
      if (form.rules !== undefined) messages.push(rulesOf(form.rules));
      const entries = messages.map((message) => {
        const id = ports.chance.ulid();
        const key = directoryKey(message);
        const envelope = unownedEnvelope({
          id,
          source: "administration",
          subject: null,
          time: clock.now(),
          causationId: null,
        });
        return { key, slot: slotOfName(key), envelope, message };
      });
      await ports.log.append("directory", entries);
      return entries.map(({ key }) => key);
    },
  };
}

/** The later one would silently take the place of the first. */
function refuseTwice(senders: readonly SenderForm[]): void {
  const twice = senders.find(
    ({ sender }, index) => senders.findIndex((other) => other.sender === sender) < index,
  );
  if (twice !== undefined) {
    throw new DirectoryFormError(`directory: sender "${twice.sender}" stands twice; give each account once`);
  }
}
