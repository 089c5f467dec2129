/** A whole mail to a Request on the log, and to the reply that its sender gets. */
import { createHash } from "node:crypto";
import { assertNever } from "../../domain/kernel/assert-never.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import type { Authenticated, Gatekeeper, RefusalReason } from "../../domain/ports/gatekeeper.ts";
import type { Intake, SubmitAnswer } from "../../domain/ports/intake.ts";
import { parseAuthorization } from "../../domain/security/authorization.ts";
import type { SmtpLimits } from "./limits.ts";
import { type MailHeader, readMailHeader, refuseAutomatic } from "./mail-header.ts";
import type { MailParser, Parsing } from "./mail-parser.ts";
import { findRequestPart, type RequestPart, readMailDraft } from "./mail-request.ts";
import { accepted, forbidden, later, type SmtpReply, unfit } from "./reply.ts";

export type MailPorts = {
  readonly intake: Intake;
  readonly gatekeeper: Gatekeeper;
  readonly parser: MailParser;
  readonly isZone: (name: string) => boolean;
  readonly now: () => Instant;
  readonly limits: SmtpLimits;
};

export type Delivery = {
  readonly mail: Buffer;
  /** Of MAIL FROM; empty for the null sender. */
  readonly envelopeFrom: string;
  readonly address: string;
  /** Who logged in by SMTP AUTH; null: nobody. */
  readonly loggedIn: Authenticated | null;
};

type Step<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly reply: SmtpReply };

const SIGNATURE_FIELD = "reveille-authorization";

export async function takeMail(delivery: Delivery, ports: MailPorts): Promise<SmtpReply> {
  const reading = readMailHeader(delivery.mail, ports.limits.headerBytesMax);
  if (!reading.ok) return reading.reply;
  const { header } = reading;
  const automatic = refuseAutomatic(header, delivery.envelopeFrom);
  if (automatic !== null) return automatic;
  // Nobody's mail is not worth a parser's time.
  if (delivery.loggedIn === null && header.get(SIGNATURE_FIELD) === null)
    return refuseStranger(delivery, ports);
  const parsing = await ports.parser.parse(delivery.mail);
  if (!parsing.ok) return unparsed(parsing.reason);
  const found = findRequestPart(parsing.mail);
  if (!found.ok) return found.reply;
  const identified = await identify(found.part, header, delivery, ports);
  if (!identified.ok) return identified.reply;
  const read = readMailDraft(found.part, ports.isZone);
  if (!read.ok) return read.reply;
  const key = keyOf(header, identified.who);
  if (!key.ok) return key.reply;
  const answer = await ports.intake.submit({
    who: identified.who,
    channel: "email",
    draft: read.draft,
    attached: read.attached,
    idempotencyKey: key.key,
    bodySha256: createHash("sha256").update(found.part.bytes).digest("hex"),
  });
  return answer.ok ? receipt(answer.durable, answer) : refusal(answer);
}

async function refuseStranger({ address }: Delivery, { gatekeeper }: MailPorts): Promise<SmtpReply> {
  const answer = await gatekeeper.authenticate(null, { channel: "email", address });
  return refusedAtGate(answer.ok ? "credentials-missing" : answer.reason);
}

function unparsed(reason: (Parsing & { ok: false })["reason"]): SmtpReply {
  switch (reason) {
    case "unreadable":
      return unfit("mail.unreadable", "its structure cannot be read");
    case "too-complex":
      return unfit("mail.too-complex", "it takes too long or too much memory to read; send fewer parts");
    case "overloaded":
    case "stopped":
      return later("the gateway has no room for it now");
    default:
      return assertNever(reason);
  }
}

async function identify(
  part: RequestPart,
  header: MailHeader,
  { address, loggedIn }: Delivery,
  { gatekeeper, now, limits }: MailPorts,
): Promise<Step<{ readonly who: Authenticated }>> {
  const field = header.get(SIGNATURE_FIELD);
  if (field === null) {
    if (loggedIn === null) return { ok: false, reply: refusedAtGate("credentials-missing") };
    return isFresh(header, now(), limits.dateWindowMs)
      ? { ok: true, who: loggedIn }
      : { ok: false, reply: STALE };
  }
  // Mail servers may re-encode text on its way; the decoded bytes of a JSON part stay what they were.
  if (part.form === "text") {
    return {
      ok: false,
      reply: unfit("signature.no-json", "a signed Request must be an application/json part"),
    };
  }
  const proof = parseAuthorization(field, { method: "MAIL", path: "/", body: part.bytes });
  if (proof?.mechanism !== "message-digest")
    return { ok: false, reply: refusedAtGate("signature-malformed") };
  const answer = await gatekeeper.authenticate(proof, { channel: "email", address });
  if (!answer.ok) return { ok: false, reply: refusedAtGate(answer.reason) };
  if (loggedIn !== null && loggedIn.sender !== answer.who.sender) {
    return {
      ok: false,
      reply: forbidden("sender.conflict", "it is signed by another Sender than the one logged in"),
    };
  }
  return { ok: true, who: answer.who };
}

const STALE = forbidden("date.outside-window", "its Date is missing or too far from our clock; send it anew");

function isFresh(header: MailHeader, now: Instant, windowMs: number): boolean {
  const date = Date.parse(header.get("date") ?? "");
  return Math.abs(date - now) <= windowMs;
}

const MESSAGE_ID_CHARACTERS_MAX = 128;

/** The signed id is the key; without one, the Message-ID is: whoever resends a mail keeps it. */
function keyOf(header: MailHeader, who: Authenticated): Step<{ readonly key: string | null }> {
  if (who.messageId !== null) return { ok: true, key: null };
  const id = /^<([!-~]+)>$/.exec(header.get("message-id") ?? "")?.[1];
  if (id === undefined)
    return { ok: false, reply: unfit("message-id.missing", "it needs a Message-ID in its exact form") };
  const long = id.length > MESSAGE_ID_CHARACTERS_MAX;
  return { ok: true, key: long ? createHash("sha256").update(id).digest("hex") : id };
}

/** Asks for the proof of durability: after a 250 the mail server in front forgets the mail. */
function receipt(_durable: Durable, taken: SubmitAnswer & { readonly ok: true }): SmtpReply {
  const { requestId, replayed, decided } = taken;
  if (decided?.type !== "PolicyRejected") return accepted(requestId, replayed);
  const refusing = decided.verdicts.find((verdict) => verdict.says === "refuse");
  return forbidden(
    refusing?.reason ?? "policy-rejected",
    `${requestId} was refused by policy; nobody is called`,
  );
}

function refusal(answer: SubmitAnswer & { readonly ok: false }): SmtpReply {
  switch (answer.reason) {
    case "idempotency-key-missing":
      return unfit(answer.reason, "it needs a Message-ID");
    case "idempotency-key-reused":
      return forbidden(answer.reason, "this Message-ID or signed id came before with another Request");
    case "unavailable":
      return later("the log can't take it now; nothing was stored");
    default:
      return assertNever(answer);
  }
}

/** Also the answers to SMTP AUTH (RFC 4954 section 6). */
export function refusedAtGate(reason: RefusalReason): SmtpReply {
  switch (reason) {
    case "credentials-missing":
      return {
        code: 530,
        enhanced: "5.7.0",
        text: `${reason}: log in with AUTH, or sign with Reveille-Authorization`,
      };
    case "credentials-wrong":
      return {
        code: 535,
        enhanced: "5.7.8",
        text: `${reason}: name and secret or signature do not belong together`,
      };
    case "signature-malformed":
      return { code: 535, enhanced: "5.7.8", text: `${reason}: Reveille-Authorization cannot be read` };
    case "timestamp-outside-window":
      return forbidden(reason, "it was signed more than an hour ago, or ahead of our clock; sign it anew");
    case "source-not-allowed":
      return forbidden(reason, "the account lists the addresses it sends from, and this is none of them");
    case "sender-suspended":
      return forbidden(reason, "the operator has suspended this account");
    case "too-many-attempts":
      return {
        code: 454,
        enhanced: "4.7.0",
        text: `${reason}: too many wrong proofs from this address; wait`,
      };
    case "not-ready":
      return {
        code: 454,
        enhanced: "4.7.0",
        text: `${reason}: the accounts are still being read; try again`,
      };
    default:
      return assertNever(reason);
  }
}
