/**
 * The waiting state (VoiceXML 2.0 4.1.8 and 6.3): plays the queue, listens for keys and words, and tells what
 * came of it. All timers are effects; the matcher sees the keys one by one, so a finished utterance is known at
 * its last key and a hopeless one at its first wrong key.
 */
import type { CollectEnd, CollectTerms } from "./collect-terms.ts";
import type { Input } from "./effects.ts";
import { createKeyCollector, type KeyCollector } from "./key-collector.ts";
import { matchSpeech } from "./match-speech.ts";
import { requireSpoken, startPlay, takeQueue } from "./play.ts";
import { answerTo, emit, nextId, type QueuedPrompt, type Session, type Step } from "./session.ts";

export function* collect(session: Session, terms: CollectTerms): Step<CollectEnd> {
  const stretches = takeQueue(session);
  const timeoutMs = stretches.at(-1)?.at(-1)?.timeoutMs ?? terms.timeoutMs;
  emit(session, { type: "listening" });
  const keys = createKeyCollector(session, terms);
  for (const stretch of stretches) {
    const end = yield* playAndListen(session, stretch, keys, terms);
    if (end === "silence") continue;
    if (end !== "keys") return end;
    return yield* keys.rest();
  }
  if (session.hungUp) return { kind: "hangup" };
  const typed = takeTypeAhead(session, keys);
  if (typed !== null) return typed;
  if (keys.begun()) return yield* keys.rest();
  return yield* waitForFirst(session, keys, terms, timeoutMs);
}

/** Feeds buffered keys until the matcher has had enough; what is left stays for the next wait. */
function takeTypeAhead(session: Session, keys: KeyCollector): CollectEnd | null {
  for (let digit = session.typeAhead.shift(); digit !== undefined; digit = session.typeAhead.shift()) {
    const end = keys.press(digit);
    if (end !== null) return end;
  }
  return null;
}

/** Plays one stretch. "keys": the caller began to key, and the rest of the queue is dropped. */
function* playAndListen(
  session: Session,
  stretch: readonly QueuedPrompt[],
  keys: KeyCollector,
  terms: CollectTerms,
): Step<CollectEnd | "keys" | "silence"> {
  const bargein = stretch[0]?.bargein ?? true;
  if (session.hungUp) return { kind: "hangup" };
  if (!bargein) {
    // VoiceXML 2.0 4.1.5: what the caller does during such a prompt is not heard, nor what came before it.
    session.typeAhead = [];
    const id = startPlay(session, stretch, false);
    const ended = yield* answerTo(session, "played", id);
    session.typeAhead = [];
    noteMark(session, ended);
    if (!session.hungUp) requireSpoken(ended);
    return session.hungUp ? { kind: "hangup" } : "silence";
  }
  if (session.typeAhead.length > 0) return takeTypeAhead(session, keys) ?? "keys";
  const hotword = stretch[0]?.bargeinType === "hotword";
  const id = startPlay(session, stretch, !hotword);
  for (;;) {
    const input = yield;
    if (input.type === "played" && input.id === id) {
      noteMark(session, input);
      // The question was heard to its end: a key after it answers it, however soon it comes.
      if (!input.bargedIn) session.ignoreKeysUntil = 0;
      if (!session.hungUp) requireSpoken(input);
      return session.hungUp ? { kind: "hangup" } : "silence";
    }
    if (input.type === "hangup") {
      session.hungUp = true;
      return { kind: "hangup" };
    }
    const end = hear(session, keys, terms, input);
    if (end === null || (hotword && end !== "keys" && end.kind === "no-match")) {
      if (hotword && end !== null) keys.restart();
      continue;
    }
    if (end === "keys" && hotword) continue;
    emit(session, { type: "stop-play", id });
    return end;
  }
}

/** What one input means to a listening dialog; null when it means nothing to it. */
function hear(
  session: Session,
  keys: KeyCollector,
  terms: CollectTerms,
  input: Input,
): CollectEnd | "keys" | null {
  if (input.type === "words") return matchSpeech(session, terms, input.words, input.confidence);
  if (input.type !== "digit" || keys.swallows(input.now)) return null;
  if (!terms.grammars.some((active) => active.grammar.mode === "dtmf")) return { kind: "no-match" };
  session.ignoreKeysUntil = 0;
  return keys.press(input.digit) ?? "keys";
}

function* waitForFirst(
  session: Session,
  keys: KeyCollector,
  terms: CollectTerms,
  timeoutMs: number,
): Step<CollectEnd> {
  const timer = nextId(session);
  emit(session, { type: "set-timer", id: timer, afterMs: timeoutMs });
  for (;;) {
    const input = yield;
    if (input.type === "timer" && input.id === timer) return { kind: "no-input" };
    if (input.type === "hangup") {
      session.hungUp = true;
      emit(session, { type: "cancel-timer", id: timer });
      return { kind: "hangup" };
    }
    const end = hear(session, keys, terms, input);
    if (end === null) continue;
    emit(session, { type: "cancel-timer", id: timer });
    return end === "keys" ? yield* keys.rest() : end;
  }
}

function noteMark(session: Session, played: Extract<Input, { type: "played" }>): void {
  session.lastMark = played.markName === null ? null : { name: played.markName, afterMs: played.markMs };
}
