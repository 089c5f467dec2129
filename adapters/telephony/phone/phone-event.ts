import type { Instant } from "../../../domain/kernel/time.ts";
import type { Digit, MediaQuality } from "../../../domain/ports/telephony.ts";

/** What happens at a telephone, for whoever watches it. Holds numbers and keys: show it, do not log it. */
export type PhoneEvent =
  | {
      readonly type: "ringing";
      readonly at: Instant;
      readonly caller: string | null;
      readonly called: string;
    }
  /** Somebody is called from here. */
  | { readonly type: "dialling"; readonly at: Instant; readonly called: string }
  /** It rings at the other end. */
  | { readonly type: "alerting"; readonly at: Instant }
  | { readonly type: "answered"; readonly at: Instant }
  | { readonly type: "speech-started"; readonly at: Instant }
  | { readonly type: "speech-stopped"; readonly at: Instant }
  | { readonly type: "key-sent"; readonly at: Instant; readonly key: Digit }
  | { readonly type: "key-heard"; readonly at: Instant; readonly key: Digit }
  /** A call that was answered is over. */
  | {
      readonly type: "hung-up";
      readonly at: Instant;
      readonly by: "us" | "other" | "network";
      readonly media: MediaQuality;
      /** The file, if one was asked for. */
      readonly recording: string | null;
    }
  /** The caller gave up before anybody answered. */
  | { readonly type: "missed"; readonly at: Instant }
  /** This telephone said no: busy, declined, or no way to agree on media. */
  | { readonly type: "refused"; readonly at: Instant; readonly sipCode: number }
  /** The other end said no, or nothing; `sipCode` null: no answer at all. */
  | { readonly type: "not-answered"; readonly at: Instant; readonly sipCode: number | null };

export type PhoneEventType = PhoneEvent["type"];
