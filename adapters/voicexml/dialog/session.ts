/**
 * The running state of one dialog. It is mutable and belongs to one generator chain in one worker; nothing of
 * it crosses a thread. What does cross is rebuilt from the journal of inputs, so everything here must follow
 * from them alone.
 */
import type { Digit } from "../../../domain/ports/telephony.ts";
import type { VoiceDocument } from "../document/voice-document.ts";
import type { Realm, Scope } from "../script/realm.ts";
import { DialogAborted, DialogEvent } from "./dialog-event.ts";
import type { Effect, Input, PromptPiece } from "./effects.ts";
import type { DialogLimits } from "./limits.ts";

/** A stretch of interpretation that may wait: it yields until an input comes. */
export type Step<T> = Generator<undefined, T, Input>;

export type QueuedPrompt = {
  readonly pieces: readonly PromptPiece[];
  readonly bargein: boolean;
  readonly bargeinType: "speech" | "hotword";
  /** Null: the property decides. */
  readonly timeoutMs: number | null;
};

export type Session = {
  readonly realm: Realm;
  readonly scope: Scope;
  readonly limits: DialogLimits;
  readonly defaults: VoiceDocument;
  readonly compile: (bytes: Uint8Array, charset: string | null, url: string) => VoiceDocument;
  /** Whether somebody listens to speech; without, voice grammars are never matched. */
  readonly hearsSpeech: boolean;
  outbox: Effect[];
  lastId: number;
  now: number;
  hungUp: boolean;
  /** After a hang-up was thrown: handlers may run and fetch, but nothing is played or heard. */
  final: boolean;
  typeAhead: Digit[];
  /** Keys before this instant belong to an utterance that already failed. */
  ignoreKeysUntil: number;
  prompts: QueuedPrompt[];
  queuedCharacters: number;
  /** The last mark reached, and how long before the end of play. */
  lastMark: { readonly name: string; readonly afterMs: number } | null;
  /** Names of events that a limit has already thrown once. */
  readonly breached: Set<string>;
  idleTurns: number;
  documents: number;
  logLines: number;
  elements: number;
  /** The event that a default handler ended the call for. */
  endedBy: string | null;
  /** JSON that a `<disconnect>` handed out; an `<exit>` after it may say otherwise. */
  handed: string | null;
};

export function emit(session: Session, effect: Effect): void {
  session.outbox.push(effect);
}

export function nextId(session: Session): number {
  session.lastId += 1;
  return session.lastId;
}

/**
 * Waits for an input of `type` with this id while transitioning: keys go to the type-ahead buffer, a hang-up is
 * remembered until the dialog would wait for the caller (VoiceXML 2.0 4.1.8 and 1.5.4).
 */
export function* answerTo<T extends Input["type"]>(
  session: Session,
  type: T,
  id: number,
): Step<Extract<Input, { type: T }>> {
  for (;;) {
    const input = yield;
    if (isAnswer(input, type, id)) return input;
    note(session, input);
  }
}

function isAnswer<T extends Input["type"]>(
  input: Input,
  type: T,
  id: number,
): input is Extract<Input, { type: T }> {
  return input.type === type && "id" in input && input.id === id;
}

/** Keeps what came while nobody was waiting for it. */
function note(session: Session, input: Input): void {
  if (input.type === "hangup") session.hungUp = true;
  if (input.type === "digit") bufferDigit(session, input.digit);
}

function bufferDigit(session: Session, digit: Digit): void {
  if (session.now < session.ignoreKeysUntil) return;
  if (session.typeAhead.length < session.limits.typeAheadDigitsMax) session.typeAhead.push(digit);
}

/** Throws a limit event once; whoever runs into the same limit again is ended without being asked. */
export function breach(session: Session, name: string, message: string): never {
  const event = `error.com.reveille.limit.${name}`;
  if (session.breached.has(event)) throw new DialogAborted(event, message);
  session.breached.add(event);
  throw new DialogEvent(event, message);
}

/** One turn of a form or one transition, without the caller having said anything since the last. */
export function countTurn(session: Session): void {
  session.idleTurns += 1;
  const most = session.limits.idleTurnsMax;
  if (session.idleTurns <= most) return;
  // A handler gets a few turns to say goodbye.
  session.idleTurns = Math.max(0, most - 10);
  breach(session, "transitions", `${most} turns without any input: the document goes round in circles`);
}

export function countElement(session: Session): void {
  session.elements += 1;
  if (session.elements > session.limits.elementsPerStepMax) {
    session.elements = 0;
    breach(session, "elements", `more than ${session.limits.elementsPerStepMax} elements run for one input`);
  }
}
