/**
 * The way in, the same for every gateway: a proven Sender's draft becomes a sealed command in the log. The id is
 * derived, not drawn, so a repeat through any gateway is the same Request; the partition's writer drops it.
 */

import type { SenderRegistered } from "../domain/directory/messages.ts";
import { unownedEnvelope } from "../domain/kernel/envelope.ts";
import { toHex } from "../domain/kernel/hex.ts";
import {
  type CustomerKey,
  requestId as makeRequestId,
  type RequestId,
  slotOfCustomer,
  slotOfRequest,
} from "../domain/kernel/identifiers.ts";
import type { PhoneNumber } from "../domain/kernel/phone-number.ts";
import type { Sealed } from "../domain/kernel/sealed.ts";
import { after, type Instant, type Milliseconds, milliseconds } from "../domain/kernel/time.ts";
import type { Chance } from "../domain/ports/chance.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { Digests } from "../domain/ports/digests.ts";
import { type EventLog, LogFullError, LogUnavailableError } from "../domain/ports/event-log.ts";
import type { Authenticated } from "../domain/ports/gatekeeper.ts";
import type { CancelAnswer, Intake, Submission, SubmitAnswer } from "../domain/ports/intake.ts";
import { type Keyring, KeyringUnavailableError } from "../domain/ports/keyring.ts";
import type { NumberFacts, NumberingPlan } from "../domain/ports/numbering-plan.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import type { InputMessage, SubmitRequest } from "../domain/request/commands.ts";
import type { RequestEvent } from "../domain/request/events.ts";
import type { DocumentSource, RequestTerms } from "../domain/request/terms.ts";
import type { RequestBoard } from "./request-board.ts";

export type IntakeOptions = {
  /** Deadline of a Request that names none. */
  readonly deadlineMs: Milliseconds;
  /** How long to wait for the decision where a refusal is to be expected. */
  readonly decisionWaitMs: Milliseconds;
  readonly trunkCountry: string;
  readonly source: string;
};

export type IntakePorts = {
  readonly log: Pick<EventLog, "append">;
  readonly keyring: Keyring;
  readonly digests: Digests;
  readonly numbering: NumberingPlan;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly operatorLog: OperatorLog;
  readonly senderOf: (sender: Authenticated["sender"]) => SenderRegistered | null;
  readonly board: RequestBoard;
  readonly dialled: (number: PhoneNumber) => string;
};

/** Idempotency keys whose body is remembered here, for the refusal of a reuse. The authority is the partition. */
export const BODIES_REMEMBERED_MAX = 100_000;
const RETRY_AFTER_SECONDS = 2;

export function createIntake(options: IntakeOptions, ports: IntakePorts): Intake {
  const { keyring, digests, clock } = ports;
  const bodies = new Map<RequestId, string>();
  const text = new TextEncoder();

  /**
   * Before anything is awaited: of two different bodies that come together under one key, one must be refused.
   * Answers how to forget it again, for a submission that was not taken.
   */
  function rememberBody(request: RequestId, bodySha256: string): () => void {
    if (bodies.has(request)) return () => undefined;
    bodies.set(request, bodySha256);
    const oldest = bodies.keys().next().value;
    if (bodies.size > BODIES_REMEMBERED_MAX && oldest !== undefined) bodies.delete(oldest);
    return () => void bodies.delete(request);
  }

  /** Equal for equal (Sender, Customer, key); the Customer's pseudonym is keyed, so nobody outside can guess it. */
  function derive(
    who: Authenticated,
    customer: CustomerKey,
    key: string,
  ): { request: RequestId; digest: string } {
    const digest = digests.sha256(text.encode(`reveille-request\n${who.sender}\n${customer}\n${key}`));
    return {
      request: makeRequestId(digest.subarray(0, 16), slotOfCustomer(customer)),
      digest: toHex(digest),
    };
  }

  async function sealDocument(submission: Submission, seal: Seal): Promise<DocumentSource> {
    const { document } = submission.draft;
    if (document.kind === "url") return { kind: "url", url: document.url, sealed: null, sha256: null };
    const sha256 = toHex(digests.sha256(text.encode(document.text)));
    return { kind: "inline", url: null, sealed: await seal(document.text), sha256 };
  }

  async function termsOf(
    submission: Submission,
    customer: CustomerKey,
    facts: NumberFacts,
    now: Instant,
  ): Promise<RequestTerms> {
    const { draft, who } = submission;
    const seal: Seal = (plain) => keyring.sealForLog(customer, now, plain);
    const account = ports.senderOf(who.sender);
    return {
      sender: who.sender,
      customer,
      to: await seal(draft.to),
      prefix: facts.prefix,
      from: draft.from === null ? null : await seal(draft.from),
      document: await sealDocument(submission, seal),
      ringTimeoutMs: draft.ringTimeoutMs,
      maxSessionMs: draft.maxSessionMs,
      notBefore: draft.notBefore,
      notAfter: draft.notAfter ?? after(draft.notBefore ?? now, options.deadlineMs),
      window: draft.window,
      serviceLevel: draft.serviceLevel ?? account?.serviceLevel ?? "basic",
      bulkiness: draft.bulkiness ?? account?.bulkiness ?? "solitary",
      rank: draft.rank,
      purpose: draft.purpose,
      onLost: draft.onLost,
      maxAttempts: draft.maxAttempts,
      resources: draft.resources,
      attached: submission.attached,
      userData: draft.userData === null ? null : await seal(draft.userData),
      notify: draft.notify,
    };
  }

  async function append(
    message: InputMessage,
    customer: string,
    request: RequestId,
  ): Promise<Awaited<ReturnType<EventLog["append"]>> | null> {
    const envelope = unownedEnvelope({
      id: ports.chance.ulid(),
      source: options.source,
      subject: request,
      time: clock.now(),
      causationId: null,
    });
    try {
      return await ports.log.append("requests", [
        { key: customer, slot: slotOfRequest(request), envelope, message },
      ]);
    } catch (error) {
      if (!(error instanceof LogUnavailableError || error instanceof LogFullError)) throw error;
      ports.operatorLog.error("a Request was turned away: the log takes nothing", { error });
      return null;
    }
  }

  async function submit(submission: Submission): Promise<SubmitAnswer> {
    const { draft, who } = submission;
    const key = who.messageId ?? submission.idempotencyKey;
    if (key === null) return { ok: false, reason: "idempotency-key-missing" };
    const customer = keyring.pseudonym(draft.to);
    const derived = derive(who, customer, key);
    const earlier = bodies.get(derived.request);
    if (earlier !== undefined && earlier !== submission.bodySha256) {
      return { ok: false, reason: "idempotency-key-reused" };
    }
    const forget = rememberBody(derived.request, submission.bodySha256);
    let taken = false;
    try {
      const answer = await store(submission, { ...derived, customer, repeated: earlier !== undefined });
      taken = answer.ok;
      return answer;
    } finally {
      // A repeat that was taken while the first was turned away keeps the body known.
      if (taken) rememberBody(derived.request, submission.bodySha256);
      else forget();
    }
  }

  /** Null when no key can be made now: what can't be sealed must not be stored. */
  async function sealedTerms(
    submission: Submission,
    customer: CustomerKey,
    facts: NumberFacts,
    now: Instant,
  ): Promise<RequestTerms | null> {
    try {
      return await termsOf(submission, customer, facts, now);
    } catch (error) {
      if (!(error instanceof KeyringUnavailableError)) throw error;
      ports.operatorLog.error("a Request was turned away: no key could be stored", { error });
      return null;
    }
  }

  async function store(submission: Submission, named: Named): Promise<SubmitAnswer> {
    const { draft, who } = submission;
    const { request, customer } = named;
    const now = clock.now();
    const dialling = { dialled: ports.dialled(draft.to), trunkCountry: options.trunkCountry };
    const facts = ports.numbering.describe(draft.to, dialling);
    const terms = await sealedTerms(submission, customer, facts, now);
    if (terms === null) return { ok: false, reason: "unavailable", retryAfterSeconds: RETRY_AFTER_SECONDS };
    const command: SubmitRequest = {
      type: "SubmitRequest",
      requestId: request,
      terms,
      channel: submission.channel,
      authentication: who.authentication,
      createdAt: who.createdAt,
      receivedAt: now,
      messageDigest: named.digest,
    };
    const decision = refusalExpected(facts) ? ports.board.decision(request, options.decisionWaitMs) : null;
    const appended = await append(command, customer, request);
    if (appended === null)
      return { ok: false, reason: "unavailable", retryAfterSeconds: RETRY_AFTER_SECONDS };
    ports.board.accepted(command);
    const decided: RequestEvent | null = await decision;
    const replayed = named.repeated || ports.board.knew(request, now);
    return { ok: true, requestId: request, durable: appended.durable, replayed, decided };
  }

  async function cancel(who: Authenticated, request: RequestId): Promise<CancelAnswer> {
    const status = await ports.board.statusOf(request);
    if (status === null || status.sender !== who.sender) return { ok: false, reason: "not-found" };
    if (status.final) return { ok: false, reason: "over" };
    if (status.status === "accepted" || status.status === "calling" || status.status === "in-call") {
      return { ok: false, reason: "too-late" };
    }
    const message: InputMessage = {
      type: "CancelRequest",
      requestId: request,
      sender: who.sender,
      at: clock.now(),
    };
    const appended = await append(message, request, request);
    if (appended === null)
      return { ok: false, reason: "unavailable", retryAfterSeconds: RETRY_AFTER_SECONDS };
    return { ok: true, durable: appended.durable };
  }

  return { submit, cancel };
}

type Seal = (plain: string) => Promise<Sealed>;

/** A submission's derived names. `repeated`: its key came before, with the same body. */
type Named = {
  readonly request: RequestId;
  readonly digest: string;
  readonly customer: CustomerKey;
  readonly repeated: boolean;
};

/** A Request without a deadline ends after a day. */
export const DEADLINE_DEFAULT_MS = milliseconds(86_400_000);

const TYPES_REFUSED: ReadonlySet<NumberFacts["type"]> = new Set([
  "premium-rate",
  "shared-cost",
  "unknown",
  "satellite",
]);

/** Numbers that policy will refuse are worth a moment's wait, so that the Sender hears it at once. */
function refusalExpected(facts: NumberFacts): boolean {
  return !facts.valid || facts.emergency !== null || TYPES_REFUSED.has(facts.type);
}
