/**
 * The two halves of the conversation between a dialog and its host. The dialog is `step(input) -> effects`:
 * it has no clock, no socket and no timer. Every effect that waits carries an id and is answered by exactly one
 * input with that id; the host keeps a watchdog on each, so that a lost completion can't hang a call.
 */
import type { SpeechRequest, SpeechRun } from "../../../domain/ports/speech.ts";
import type { Digit } from "../../../domain/ports/telephony.ts";

export type FetchKind = "document" | "grammar" | "script" | "audio" | "data" | "submit";

export type FetchBody = { readonly contentType: string; readonly bytes: Uint8Array };

/** One piece of a prompt; a record of pieces is what the caller heard. */
export type PromptPiece =
  | {
      readonly kind: "speech";
      readonly runs: readonly SpeechRun[];
      readonly lang: string;
      readonly voice: string | null;
    }
  | { readonly kind: "audio"; readonly url: string }
  | { readonly kind: "recording"; readonly recording: string };

export type RecordOrder = {
  readonly beep: boolean;
  readonly maxMs: number;
  readonly finalSilenceMs: number;
  /** Speech has to begin within this time. */
  readonly timeoutMs: number;
  readonly dtmfTerm: boolean;
  readonly type: string;
};

export type TransferOrder = {
  readonly type: "blind" | "bridge" | "consultation";
  readonly destination: string;
  readonly connectTimeoutMs: number;
  /** 0: no limit. */
  readonly maxMs: number;
  readonly audio: string | null;
  readonly aai: string | null;
};

export type Effect =
  | {
      readonly type: "fetch";
      readonly id: number;
      readonly kind: FetchKind;
      readonly url: string;
      readonly method: "GET" | "POST";
      readonly body: FetchBody | null;
      readonly timeoutMs: number;
      /** Seconds; null: as HTTP says (VoiceXML 2.0 6.1.2). */
      readonly maxAge: number | null;
      readonly maxStale: number | null;
    }
  /** Answered by `played`. `bargein`: the host stops at the first key by itself and says so. */
  | {
      readonly type: "play";
      readonly id: number;
      readonly pieces: readonly PromptPiece[];
      readonly bargein: boolean;
    }
  | { readonly type: "stop-play"; readonly id: number }
  /** The dialog is waiting for the caller: what a recogniser may listen for. Needs no answer. */
  | { readonly type: "listening" }
  | { readonly type: "set-timer"; readonly id: number; readonly afterMs: number }
  | { readonly type: "cancel-timer"; readonly id: number }
  | { readonly type: "record"; readonly id: number; readonly order: RecordOrder }
  | { readonly type: "transfer"; readonly id: number; readonly order: TransferOrder }
  | { readonly type: "disconnect" }
  | { readonly type: "log"; readonly label: string; readonly text: string }
  /** For the record: the steps that a Sender may be told of. */
  | {
      readonly type: "heard";
      readonly field: string;
      readonly mode: "dtmf" | "voice";
      readonly value: string;
    }
  | { readonly type: "no-input" }
  | { readonly type: "no-match" }
  | { readonly type: "submitted"; readonly url: string; readonly status: number }
  /** `prompts`: what every caller of this document is told, to be made before it is needed. */
  | { readonly type: "entered"; readonly url: string; readonly prompts: readonly SpeechRequest[] }
  /** Always the last. */
  | { readonly type: "ended"; readonly end: DialogEnd };

/** VoiceXML 2.0 5.2.6: no such language or voice here; an engine that broke. */
export type SpeechFailure = "error.unsupported.language" | "error.noresource";

export type DialogEnd = {
  /** "exit" also for the end of the document. */
  readonly kind: "exit" | "hangup" | "event" | "limit";
  /** JSON of the exit value or namelist; null when there was none. */
  readonly value: string | null;
  /** The event or limit that ended it. */
  readonly event: string | null;
};

export type FetchAnswer =
  | {
      readonly ok: true;
      readonly url: string;
      readonly status: number;
      readonly contentType: string | null;
      readonly charset: string | null;
      /** Empty for audio, which stays with the host. */
      readonly bytes: Uint8Array;
    }
  /** `blocked`, `bad-url`, `timeout`, …: the names of the Fetcher port, or "unsupported" for unreadable audio. */
  | { readonly ok: false; readonly failure: string };

export type TransferAnswer = {
  readonly outcome:
    | "transferred"
    | "busy"
    | "noanswer"
    | "network_busy"
    | "near_end_disconnect"
    | "far_end_disconnect"
    | "network_disconnect"
    | "maxtime_disconnect"
    | "unknown"
    | "caller-hangup"
    | "unsupported"
    | "bad-destination"
    | "not-authorized"
    | "no-route"
    | "no-resource";
  readonly durationMs: number;
  /** What ended a bridge from the caller's side (2.3.7.2.2). */
  readonly inputmode?: "dtmf" | "voice";
  readonly utterance?: string;
};

export type RecordAnswer = {
  /** Null when nothing was said. */
  readonly recording: string | null;
  readonly durationMs: number;
  readonly sizeBytes: number;
  readonly termchar: string | null;
  readonly maxtime: boolean;
  readonly hangup: boolean;
};

/** `now` is the host's monotonic clock in milliseconds, `wall` its wall clock; both only ever come from here. */
export type Input = { readonly now: number; readonly wall: number } & (
  | { readonly type: "start" }
  | { readonly type: "fetched"; readonly id: number; readonly answer: FetchAnswer }
  | {
      readonly type: "played";
      readonly id: number;
      readonly bargedIn: boolean;
      readonly markName: string | null;
      readonly markMs: number;
      /** The engine could not say it all: what the document hears of it. */
      readonly failure?: SpeechFailure;
    }
  | { readonly type: "digit"; readonly digit: Digit }
  /** What a recogniser heard; empty words are speech that it could not understand. */
  | { readonly type: "words"; readonly words: string; readonly confidence: number }
  | { readonly type: "timer"; readonly id: number }
  | { readonly type: "recorded"; readonly id: number; readonly answer: RecordAnswer }
  | { readonly type: "transferred"; readonly id: number; readonly answer: TransferAnswer }
  | { readonly type: "hangup" }
);
