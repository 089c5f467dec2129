import type { SenderId } from "../kernel/identifiers.ts";
import type { Milliseconds } from "../kernel/time.ts";

/** What the bytes are for: decides the size limit and which policy applies. */
export type FetchPurpose = "document" | "grammar" | "script" | "audio" | "data" | "submit" | "webhook";

export type FetchRequest = {
  readonly purpose: FetchPurpose;
  readonly url: string;
  readonly method: "GET" | "POST";
  /** Content type and body of a POST. */
  readonly body: { readonly contentType: string; readonly bytes: Uint8Array } | null;
  /** Extra request headers, already checked; never credentials of the house. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sender: SenderId | null;
  readonly timeoutMs: Milliseconds;
  /**
   * What the asker makes of kept answers (VoiceXML 2.0 6.1.2): none older than `maxAgeSeconds` without asking again,
   * and such as are stale by no more than `maxStaleSeconds` are good enough. Absent or null: as HTTP says.
   */
  readonly freshness?: { readonly maxAgeSeconds: number | null; readonly maxStaleSeconds: number | null };
};

export type FetchFailure =
  /** Refused by the egress policy; no connection was made. */
  "blocked" | "bad-url" | "timeout" | "too-large" | "too-many-redirects" | "connection-failed" | "aborted";

export type Fetched = {
  readonly ok: true;
  /** After redirects. */
  readonly url: string;
  /** Any status: 404 is an answer, not a failure to get one. */
  readonly status: number;
  /** Lower case, without parameters; null when absent. */
  readonly contentType: string | null;
  readonly charset: string | null;
  /** Lower-case names; the last of repeated ones. */
  readonly headers: Readonly<Record<string, string>>;
  /** Raw Set-Cookie lines, for the session's own jar. */
  readonly setCookies: readonly string[];
  readonly bytes: Uint8Array;
};

export type FetchResult =
  | Fetched
  | { readonly ok: false; readonly failure: FetchFailure; readonly detail: string };

/** The one door to other people's URLs. Never throws for what the far side does. */
export interface Fetcher {
  fetch(request: FetchRequest, signal: AbortSignal): Promise<FetchResult>;
  close(): Promise<void>;
}
