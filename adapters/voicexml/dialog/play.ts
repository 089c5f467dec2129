/** Plays what is queued, and (without a listener) to the end: at exit, disconnect and transfer (VoiceXML 2.0 4.1.8). */
import { DialogEvent } from "./dialog-event.ts";
import type { Input } from "./effects.ts";
import { answerTo, emit, nextId, type QueuedPrompt, type Session, type Step } from "./session.ts";

/** Takes the queue as stretches of one barge-in kind each, in order. */
export function takeQueue(session: Session): readonly (readonly QueuedPrompt[])[] {
  const stretches: QueuedPrompt[][] = [];
  for (const prompt of session.prompts) {
    const last = stretches.at(-1);
    const first = last?.[0];
    if (last !== undefined && first?.bargein === prompt.bargein && first.bargeinType === prompt.bargeinType)
      last.push(prompt);
    else stretches.push([prompt]);
  }
  session.prompts = [];
  session.queuedCharacters = 0;
  return stretches;
}

export function startPlay(session: Session, stretch: readonly QueuedPrompt[], bargein: boolean): number {
  const id = nextId(session);
  emit(session, { type: "play", id, pieces: stretch.flatMap((prompt) => prompt.pieces), bargein });
  return id;
}

export function* playQueued(session: Session): Step<void> {
  for (const stretch of takeQueue(session)) {
    if (session.hungUp) return;
    const id = startPlay(session, stretch, false);
    requireSpoken(yield* answerTo(session, "played", id));
  }
}

/** A prompt that could not be made is the document's to know: silence would leave the caller with a question unheard. */
export function requireSpoken({ failure }: Extract<Input, { type: "played" }>): void {
  if (failure !== undefined) throw new DialogEvent(failure, "a prompt could not be spoken");
}
