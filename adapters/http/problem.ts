/**
 * Every no of the HTTP interface, as RFC 9457 problem details. The code is the last part of the `type` URI; it
 * is stable and never reused for another meaning, and `GET /problems/<code>` says what it means.
 */
import type { DraftError } from "../../domain/request/draft.ts";
import type { HttpAnswer } from "./answer.ts";

type Kind = { readonly status: number; readonly title: string };

const KINDS = {
  "malformed-request": { status: 400, title: "The HTTP message could not be read" },
  "json-malformed": { status: 400, title: "The body is not strict JSON" },
  "query-unknown": { status: 400, title: "The query has a parameter that this call does not know" },
  "idempotency-key-missing": { status: 400, title: "An Idempotency-Key or a signed message is needed" },
  "idempotency-key-malformed": { status: 400, title: "The Idempotency-Key cannot be read" },
  "as-of-malformed": { status: 400, title: "asOf is no time with its offset" },
  "last-event-id-malformed": { status: 400, title: "Last-Event-ID is not a sequence number" },
  "credentials-missing": { status: 401, title: "Nobody is named by this request" },
  "credentials-wrong": { status: 401, title: "The proof of who you are does not hold" },
  "signature-malformed": { status: 401, title: "The Authorization header cannot be read" },
  "timestamp-outside-window": {
    status: 401,
    title: "The message was signed too long ago, or ahead of our clock",
  },
  "tls-required": { status: 403, title: "Secrets are taken over TLS only" },
  "source-not-allowed": { status: 403, title: "This Sender may not send from this address" },
  "sender-suspended": { status: 403, title: "The account is suspended" },
  "not-found": { status: 404, title: "There is no such thing here" },
  "method-not-allowed": { status: 405, title: "This can't be done with that method" },
  timeout: { status: 408, title: "The request took too long to arrive" },
  "cancel-too-late": { status: 409, title: "The call has been granted and can't be taken back" },
  "request-over": { status: 409, title: "The Request is over" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "media-type": { status: 415, title: "The body must be application/json in UTF-8, not compressed" },
  "expectation-unknown": { status: 417, title: "The Expect header asks for something unknown" },
  "request-invalid": { status: 422, title: "The Request was understood and is not valid" },
  "idempotency-key-reused": { status: 422, title: "The Idempotency-Key belongs to another Request" },
  "policy-rejected": { status: 422, title: "The Request was refused by policy; nobody is called" },
  "too-many-attempts": { status: 429, title: "Too many attempts; wait before the next one" },
  "too-many-streams": { status: 429, title: "Too many event streams are open" },
  "headers-too-large": { status: 431, title: "The header is too large" },
  internal: { status: 500, title: "Something broke on our side" },
  unavailable: { status: 503, title: "The Request could not be stored; nothing was taken" },
  "not-ready": { status: 503, title: "The gateway is starting" },
  "too-many-connections": { status: 503, title: "Too many connections from this address" },
} as const satisfies Record<string, Kind>;

export type ProblemCode = keyof typeof KINDS;

/** Media type of RFC 9457 section 6.1. */
const PROBLEM_TYPE = "application/problem+json";

export type ProblemFacts = {
  /** What was asked, what was found, who can mend it. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly errors?: readonly DraftError[];
  readonly reasonCode?: string;
  readonly requestId?: string;
  readonly explain?: string;
};

export function problem(code: ProblemCode, { headers, ...facts }: ProblemFacts): HttpAnswer {
  const { status, title } = KINDS[code];
  return {
    status,
    headers: { ...headers, "content-type": PROBLEM_TYPE },
    body: JSON.stringify({ type: problemType(code), title, status, reasonCode: code, ...facts }),
  };
}

/** What a problem code means, for `GET /problems/<code>`; null for a code that is none. */
export function describeProblem(code: string): object | null {
  if (!isProblemCode(code)) return null;
  return { type: problemType(code), ...KINDS[code] };
}

export function problemCodes(): readonly string[] {
  return Object.keys(KINDS);
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(KINDS, code);
}

// Relative on purpose (RFC 9457 section 3.1.1): it resolves against whatever public name the gateway has.
function problemType(code: string): string {
  return `/problems/${code}`;
}
