/**
 * The one door to other people's URLs. Redirects are followed by hand, each as a URL of its own; a webhook's
 * are not followed at all, because its signature was made for one receiver. Every ending is a value: whoever
 * fetches decides what it means.
 */
import type {
  Fetched,
  Fetcher,
  FetchFailure,
  FetchRequest,
  FetchResult,
} from "../../domain/ports/fetcher.ts";
import { createEgressPolicy, type EgressOptions } from "./egress-policy.ts";
import { type Exchange, exchange, FetchFailedError, isRedirect } from "./exchange.ts";
import { FETCH_LIMITS, type FetchLimits } from "./fetch-limits.ts";
import { blockedBy, createGuardedAgent, createResolve, type Resolve } from "./guarded-agent.ts";
import { redirected, targetOf } from "./redirect.ts";
import { createResponseCache, validatorsOf } from "./response-cache.ts";
import { createSenderTurns, TurnsFullError } from "./sender-turns.ts";

export type FetcherOptions = EgressOptions & {
  /** "reveille/0.1.0". */
  readonly userAgent: string;
  readonly limits?: Partial<FetchLimits>;
  /** Certificates (PEM) to trust beside Node's own, e.g. of a company's authority. */
  readonly trustedCertificates?: readonly string[];
  /** Asks the name servers by default. */
  readonly resolve?: Resolve;
  /** Wall clock in milliseconds since the epoch, for the freshness of kept answers. */
  readonly now?: () => number;
};

const CACHED: ReadonlySet<string> = new Set(["document", "grammar", "script", "audio"]);
/** Set by us or by the connection; a caller's are dropped. */
const OURS =
  /^(?:host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|content-length|accept-encoding|expect|proxy-.*)$/;
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/;

export function createFetcher(options: FetcherOptions): Fetcher {
  const limits = { ...FETCH_LIMITS, ...options.limits };
  const policy = createEgressPolicy(options);
  const agent = createGuardedAgent(policy, options.resolve ?? createResolve(), {
    ...limits,
    responseBytesMax: Math.max(...Object.values(limits.bytesMax)),
    trustedCertificates: options.trustedCertificates ?? [],
  });
  const turns = createSenderTurns(limits.perSenderMax, limits.waitingPerSenderMax);
  const now = options.now ?? Date.now;
  const cache = createResponseCache(limits.cacheBytesMax, now);

  /** Follows redirects up to the answer. */
  async function follow(request: FetchRequest, first: Exchange): Promise<Fetched> {
    let asked = first;
    for (let hops = 0; ; hops += 1) {
      policy.requireAllowed(asked.url, request.sender);
      const answer = await exchange(agent, asked);
      if (request.purpose === "webhook" || !isRedirect(answer.status, answer.headers)) return answer;
      if (hops >= limits.redirectsMax) {
        throw new FetchFailedError("too-many-redirects", `fetch: more than ${limits.redirectsMax} redirects`);
      }
      asked = {
        ...asked,
        ...redirected(asked, answer.status, targetOf(answer.headers["location"] ?? "", asked.url, policy)),
      };
    }
  }

  async function answerTo(request: FetchRequest, signal: AbortSignal): Promise<Fetched> {
    const asked = askedFor(request, signal);
    if (request.method !== "GET" || !CACHED.has(request.purpose) || isPersonal(asked.headers)) {
      return await follow(request, asked);
    }
    const key = `${request.sender ?? ""} ${asked.url.href}`;
    const known = cache.find(key);
    policy.requireAllowed(asked.url, request.sender);
    if (known?.fresh === true && known.answer.bytes.length <= asked.bytesMax) return known.answer;
    const askedAt = now();
    const validators = known === null ? {} : validatorsOf(known.answer);
    const answer = await follow(request, { ...asked, headers: { ...asked.headers, ...validators } });
    if (answer.status === 304) return cache.renew(key, answer, askedAt) ?? answer;
    // Where a redirect led to is the server's answer of today.
    if (answer.url === asked.url.href) cache.keep(key, answer, askedAt);
    return answer;
  }

  function askedFor(request: FetchRequest, signal: AbortSignal): Exchange {
    const url = policy.urlOf(request.url, null);
    if (url === null) throw new FetchFailedError("bad-url", "fetch: this is no absolute URL");
    const headers = { ...checkedHeaders(request.headers), "user-agent": options.userAgent };
    return {
      url,
      method: request.method,
      headers: request.body === null ? headers : { ...headers, "content-type": request.body.contentType },
      bytes: request.body?.bytes ?? null,
      bytesMax: limits.bytesMax[request.purpose],
      signal,
    };
  }

  return {
    async fetch(request, signal) {
      const timeout = AbortSignal.timeout(Math.max(1, Math.min(request.timeoutMs, limits.totalMsMax)));
      const either = AbortSignal.any([signal, timeout]);
      try {
        return await turns.inTurn(request.sender ?? "", either, () => answerTo(request, either));
      } catch (error) {
        return failed(failureOf(error, signal, timeout), error);
      }
    },
    close: () => agent.destroy(),
  };
}

/** Answers that depend on who asks are nobody else's. */
function isPersonal(headers: Readonly<Record<string, string>>): boolean {
  return headers["cookie"] !== undefined || headers["authorization"] !== undefined;
}

function checkedHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  for (const [name, value] of lower) {
    if (HEADER_NAME.test(name) && HEADER_VALUE.test(value)) continue;
    throw new FetchFailedError("bad-url", "fetch: a request header has characters that none may have");
  }
  return Object.fromEntries(lower.filter(([name]) => !OURS.test(name)));
}

function failureOf(error: unknown, signal: AbortSignal, timeout: AbortSignal): FetchFailure {
  if (blockedBy(error) !== null) return "blocked";
  if (error instanceof FetchFailedError) return error.failure;
  if (signal.aborted) return "aborted";
  if (timeout.aborted) return "timeout";
  return TIMEOUTS.has(codeOf(error))
    ? "timeout"
    : codeOf(error) === "UND_ERR_RES_EXCEEDED_MAX_SIZE"
      ? "too-large"
      : "connection-failed";
}

const TIMEOUTS: ReadonlySet<string> = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Our own words where we have some; of a library's error only the code, since its message may quote the URL. */
function failed(failure: FetchFailure, error: unknown): FetchResult {
  const own =
    blockedBy(error) ?? (error instanceof FetchFailedError || error instanceof TurnsFullError ? error : null);
  const detail = own?.message ?? `fetch: ${failure}${codeOf(error) === "" ? "" : ` (${codeOf(error)})`}`;
  return { ok: false, failure, detail };
}
