import { milliseconds } from "../../../domain/kernel/time.ts";
import type { Clock } from "../../../domain/ports/clock.ts";
import type { AudioClip, Digit, Playing } from "../../../domain/ports/telephony.ts";
import type { MediaSession } from "../media-plane.ts";
import type { DialogEnd, SipDialog } from "../sip/signalling.ts";
import type { PhoneEvent } from "./phone-event.ts";
import { type PhoneStep, type PhoneWait, runScript } from "./phone-script.ts";
import { createSpeechWatch } from "./speech-watch.ts";
import type { WavRecorder } from "./wav-recorder.ts";

export type ConversationOptions = {
  readonly dialog: SipDialog;
  readonly session: MediaSession;
  readonly recording: { readonly path: string; readonly recorder: WavRecorder } | null;
  readonly script: readonly PhoneStep[];
  /** Since the answer; null: the other side hangs up, or the script. */
  readonly hangUpAfterMs: number | null;
  readonly clock: Clock;
  readonly emit: (event: PhoneEvent) => void;
  readonly onFault: (what: string, error: unknown) => void;
};

/** An answered call at the telephone: hears, records, and does what its script says. */
export interface Conversation {
  press(keys: readonly Digit[]): Promise<void>;
  say(clips: readonly AudioClip[]): Playing;
  /** True once something was heard since the answer or the last key, and it is quiet for so long; false: the call is over. */
  waitForSilence(quietMs: number): Promise<boolean>;
  hangUp(): void;
  /** The call is over, its sockets closed and its recording on disk. */
  readonly ended: Promise<void>;
}

type Waiter = { readonly quietMs: number; readonly resolve: (quiet: boolean) => void };

export function startConversation(options: ConversationOptions): Conversation {
  const { dialog, session, recording, clock, emit, onFault } = options;
  const watch = createSpeechWatch();
  const waiters = new Set<Waiter>();
  const ended = Promise.withResolvers<void>();
  const cancels = new Set<() => void>();
  let over = false;

  function hear(frame: Int16Array): void {
    recording?.recorder.write(frame);
    const change = watch.hear(frame);
    if (change !== null) emit({ type: `speech-${change}`, at: clock.now() });
    const { quietMs } = watch;
    if (quietMs === null) return;
    for (const waiter of waiters) {
      if (quietMs < waiter.quietMs) continue;
      waiters.delete(waiter);
      waiter.resolve(true);
    }
  }

  async function waitForSilence(quietMs: number): Promise<boolean> {
    if (over) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    waiters.add({ quietMs, resolve });
    return await promise;
  }

  async function pause(lengthMs: number): Promise<void> {
    if (over) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = clock.schedule(milliseconds(lengthMs), resolve);
    const cancel = (): void => {
      stop();
      resolve();
    };
    cancels.add(cancel);
    await promise;
    cancels.delete(cancel);
  }

  async function wait(step: PhoneWait): Promise<void> {
    if ("afterMs" in step) await pause(step.afterMs);
    else await waitForSilence(step.afterPromptSilenceMs);
  }

  async function press(keys: readonly Digit[]): Promise<void> {
    watch.forget();
    for (const key of keys) {
      if (over) return;
      emit({ type: "key-sent", at: clock.now(), key });
      await session.sendDigits([key]);
    }
  }

  async function end({ by }: DialogEnd): Promise<void> {
    over = true;
    const media = session.quality();
    for (const { resolve } of waiters) resolve(false);
    for (const cancel of cancels) cancel();
    session.hungUp();
    await session.close();
    const saved = await saveRecording();
    emit({ type: "hung-up", at: clock.now(), by: by === "peer" ? "other" : by, media, recording: saved });
  }

  async function saveRecording(): Promise<string | null> {
    if (recording === null) return null;
    try {
      await recording.recorder.finish();
      return recording.path;
    } catch (error) {
      onFault("telephone could not record", error);
      return null;
    }
  }

  function begin(): void {
    emit({ type: "answered", at: clock.now() });
    session.onFrame(hear);
    session.onDigit((key) => emit({ type: "key-heard", at: clock.now(), key }));
    session.onTimeout(() => dialog.bye());
    dialog.onEnded((how) => {
      end(how)
        .catch((error: unknown) => onFault("telephone could not end its call", error))
        .finally(ended.resolve);
    });
    if (options.hangUpAfterMs !== null) {
      cancels.add(clock.schedule(milliseconds(options.hangUpAfterMs), () => dialog.bye()));
    }
    runScript(options.script, { wait, press, hangUp: () => dialog.bye(), over: () => over }).catch(
      (error: unknown) => onFault("telephone could not follow its script", error),
    );
  }

  begin();
  return {
    press,
    say: (clips) => session.play(clips, { stopOnDigit: false }),
    waitForSilence,
    hangUp: () => dialog.bye(),
    ended: ended.promise,
  };
}
