/**
 * Answers kept for the next call (RFC 9111, a private cache of each Sender): fresh ones are given at once, stale
 * ones are asked for again with their validators. The oldest used go first when the bytes run out.
 */
import type { Fetched } from "../../domain/ports/fetcher.ts";

type CachedAnswer = { readonly answer: Fetched; readonly fresh: boolean };

export interface ResponseCache {
  find(key: string): CachedAnswer | null;
  /** Keeps the answer if it may be kept; `askedAt` is when it was asked for. */
  keep(key: string, answer: Fetched, askedAt: number): void;
  /** The server said 304: the kept answer is good again. */
  renew(key: string, confirmed: Fetched, askedAt: number): Fetched | null;
}

type Kept = { readonly answer: Fetched; readonly freshUntil: number };

const ENTRY_OVERHEAD_BYTES = 1_024;

export function createResponseCache(bytesMax: number, now: () => number): ResponseCache {
  const kept = new Map<string, Kept>();
  let bytes = 0;

  function drop(key: string): void {
    const gone = kept.get(key);
    if (gone === undefined) return;
    bytes -= sizeOf(gone.answer);
    kept.delete(key);
  }

  function put(key: string, answer: Fetched, freshUntil: number): void {
    drop(key);
    const size = sizeOf(answer);
    if (size > bytesMax) return;
    kept.set(key, { answer, freshUntil });
    bytes += size;
    for (const oldest of kept.keys()) {
      if (bytes <= bytesMax) break;
      drop(oldest);
    }
  }

  return {
    find(key) {
      const found = kept.get(key);
      if (found === undefined) return null;
      kept.delete(key);
      kept.set(key, found);
      return { answer: found.answer, fresh: now() < found.freshUntil };
    },
    keep(key, answer, askedAt) {
      if (mayKeep(answer)) put(key, answer, askedAt + freshMs(answer));
      else drop(key);
    },
    renew(key, confirmed, askedAt) {
      const found = kept.get(key);
      if (found === undefined) return null;
      const answer = { ...found.answer, headers: { ...found.answer.headers, ...confirmed.headers } };
      put(key, answer, askedAt + freshMs(answer));
      return answer;
    },
  };
}

/** What to send along, so that the server can answer 304. */
export function validatorsOf({ headers }: Fetched): Readonly<Record<string, string>> {
  const etag = headers["etag"];
  const modified = headers["last-modified"];
  return {
    ...(etag === undefined ? {} : { "if-none-match": etag }),
    ...(modified === undefined ? {} : { "if-modified-since": modified }),
  };
}

function mayKeep(answer: Fetched): boolean {
  const { headers, status, setCookies } = answer;
  if (status !== 200 || setCookies.length > 0 || directives(headers).has("no-store")) return false;
  const vary = headers["vary"]?.toLowerCase().trim() ?? "";
  if (vary !== "" && vary !== "accept-encoding") return false;
  return freshMs(answer) > 0 || Object.keys(validatorsOf(answer)).length > 0;
}

// No guess for a server that says nothing: a document that changed on the Sender's word must not be heard old.
function freshMs({ headers }: Fetched): number {
  const told = directives(headers);
  if (told.has("no-cache") || told.has("no-store")) return 0;
  const ageMs = 1_000 * (Number(headers["age"] ?? 0) || 0);
  const maxAge = told.get("max-age");
  if (maxAge !== undefined) return Math.max(0, 1_000 * (Number(maxAge) || 0) - ageMs);
  const expires = Date.parse(headers["expires"] ?? "");
  const date = Date.parse(headers["date"] ?? "");
  return Number.isNaN(expires - date) ? 0 : Math.max(0, expires - date - ageMs);
}

function directives(headers: Fetched["headers"]): ReadonlyMap<string, string> {
  const parts = (headers["cache-control"] ?? "").toLowerCase().split(",");
  return new Map(
    parts.map((part) => {
      const [name = "", value = ""] = part.split("=");
      return [name.trim(), value.trim().replaceAll('"', "")];
    }),
  );
}

function sizeOf(answer: Fetched): number {
  return answer.bytes.length + ENTRY_OVERHEAD_BYTES;
}
