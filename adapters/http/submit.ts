/** `POST /v1/requests`: bytes to a Request on the log, and its receipt. */
import { createHash } from "node:crypto";
import { assertNever } from "../../domain/kernel/assert-never.ts";
import type { RequestId } from "../../domain/kernel/identifiers.ts";
import type { Verdict } from "../../domain/policy/verdict.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import type { Authenticated } from "../../domain/ports/gatekeeper.ts";
import type { Intake, SubmitAnswer } from "../../domain/ports/intake.ts";
import type { ZoneClock } from "../../domain/ports/zone-clock.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { parseDraft } from "../../domain/request/parse-draft.ts";
import { readStrictJsonBytes } from "../../domain/request/strict-json.ts";
import { type HttpAnswer, json } from "./answer.ts";
import { readIdempotencyKey } from "./idempotency-key.ts";
import { problem } from "./problem.ts";

export type Post = {
  readonly who: Authenticated;
  readonly body: Uint8Array;
  readonly rawHeaders: readonly string[];
  readonly queryNames: readonly string[];
};

export async function submit(
  post: Post,
  intake: Intake,
  zones: Pick<ZoneClock, "isZone">,
): Promise<HttpAnswer> {
  const [queryName] = post.queryNames;
  // Above all "dryRun": who believes that nothing will happen must not get a call placed.
  if (queryName !== undefined)
    return problem("query-unknown", { detail: "this call takes no query parameters" });
  const key = readIdempotencyKey(post.rawHeaders);
  if (!key.ok) return problem("idempotency-key-malformed", { detail: key.detail });
  const reading = readStrictJsonBytes(post.body);
  if (!reading.ok) {
    const errors = [{ pointer: "", code: reading.code, message: reading.message }];
    return problem("json-malformed", { detail: reading.message, errors });
  }
  const parsed = parseDraft(reading.value, (name) => zones.isZone(name));
  if (!parsed.ok) {
    const detail = `${parsed.errors.length} fault(s), listed under "errors"; nothing was stored`;
    return problem("request-invalid", { detail, errors: parsed.errors });
  }
  const answer = await intake.submit({
    who: post.who,
    channel: "http",
    draft: parsed.draft,
    attached: [],
    // The header is not covered by a signature: with a signed id it could only serve to repeat somebody's message.
    idempotencyKey: post.who.messageId === null ? key.key : null,
    bodySha256: createHash("sha256").update(post.body).digest("hex"),
  });
  return answer.ok ? receipt(answer.durable, answer) : refusal(answer);
}

/** Asks for the proof of durability: a 202 that a power failure takes back would be a lie. */
function receipt(_durable: Durable, taken: SubmitAnswer & { readonly ok: true }): HttpAnswer {
  const { requestId, replayed, decided } = taken;
  const links = linksOf(requestId);
  const headers = { location: links.self, ...(replayed ? { "idempotent-replayed": "true" } : {}) };
  if (decided?.type === "PolicyRejected") {
    return problem("policy-rejected", {
      detail: "`explain` says which check refused it, and by which rule",
      headers,
      reasonCode: reasonOf(decided.verdicts),
      requestId,
      explain: links.explain,
    });
  }
  return json(202, { id: requestId, status: statusOf(decided), links }, headers);
}

function reasonOf(verdicts: readonly Verdict[]): string {
  return verdicts.find((verdict) => verdict.says === "refuse")?.reason ?? "policy-rejected";
}

function statusOf(decided: RequestEvent | null): string {
  if (decided?.type === "RequestQueued") return "queued";
  return decided?.type === "RequestScheduled" ? "scheduled" : "received";
}

export function linksOf(id: RequestId): Record<"self" | "events" | "explain" | "cancel", string> {
  const self = `/v1/requests/${id}`;
  return { self, events: `${self}/events`, explain: `${self}/explain`, cancel: self };
}

function refusal(answer: SubmitAnswer & { readonly ok: false }): HttpAnswer {
  switch (answer.reason) {
    case "idempotency-key-missing":
      return problem(answer.reason, { detail: 'send Idempotency-Key: "<unique text>", or sign the message' });
    case "idempotency-key-reused":
      return problem(answer.reason, {
        detail: "it came before with another body; a new Request needs a new key",
      });
    case "unavailable":
      return unavailable(answer.retryAfterSeconds);
    default:
      return assertNever(answer);
  }
}

export function unavailable(retryAfterSeconds: number): HttpAnswer {
  return problem("unavailable", {
    detail: "the log can't take it now; send the same again, with the same key",
    headers: { "retry-after": String(retryAfterSeconds) },
  });
}
