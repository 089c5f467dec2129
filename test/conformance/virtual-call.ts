/**
 * A call without sound or time: prompts are text, the caller obeys the markers in them (or a script), timers fire
 * when nothing else can happen, and the far end of a transfer does as it is told.
 */

import { KEYS } from "../../adapters/telephony/rtp/key-receiver.ts";
import { createDialog } from "../../adapters/voicexml/dialog/dialog.ts";
import type { DialogEnd, Effect, FetchAnswer, Input } from "../../adapters/voicexml/dialog/effects.ts";
import type { DialogLimits } from "../../adapters/voicexml/dialog/limits.ts";
import { spokenText } from "../../adapters/voicexml/dialog/prompt-writer.ts";
import { compileDocument } from "../../adapters/voicexml/document/voice-document.ts";
import { createRealm } from "../../adapters/voicexml/script/realm.ts";
import { instant } from "../../domain/kernel/time.ts";
import { farEndAnswer, keysIn } from "./far-end.ts";

export type CallScript = {
  readonly url: string;
  readonly fetch: (url: string) => FetchAnswer;
  /** What the caller does at each wait: "silence", "hangup", "mumble", "press 12", or words; null: as markers say. */
  readonly caller: readonly string[] | null;
  readonly farEnd: string | null;
  readonly limits?: Partial<DialogLimits>;
};

export type CallRecord = {
  readonly end: DialogEnd | null;
  readonly heard: readonly string[];
  readonly audio: readonly string[];
  readonly effects: readonly Effect[];
  readonly virtualMs: number;
  readonly fingerprint: string;
};

const INPUTS_MAX = 20_000;
const PLAY_MS = 100;
const RECORDED_MS = 5_000;

type Body<T> = T extends Input ? Omit<T, "now" | "wall"> : never;

export async function runVirtualCall(script: CallScript): Promise<CallRecord> {
  const realm = await createRealm({ seed: 1, now: instant(0) });
  const dialog = createDialog(
    {
      document: { kind: "url", url: script.url },
      session: {
        connection: {
          local: { uri: "sip:reveille@localhost" },
          remote: { uri: "tel:+12125550123" },
          protocol: { name: "sip", version: "2.0" },
          originator: "local",
          redirect: [],
          aai: "",
        },
      },
      defaults: null,
      hearsSpeech: true,
      limits: script.limits ?? {},
    },
    realm,
    compileDocument,
  );
  const heard: string[] = [];
  const audio: string[] = [];
  const effects: Effect[] = [];
  const timers = new Map<number, number>();
  const queue: Body<Input>[] = [{ type: "start" }];
  const caller = script.caller === null ? null : [...script.caller];
  let marker: string | null = null;
  let listening = false;
  let now = 0;
  const outcome: { end: DialogEnd | null } = { end: null };

  const act = (): Body<Input>[] => {
    const action = caller === null ? (marker ?? "silence") : (caller.shift() ?? "silence");
    marker = null;
    listening = false;
    return inputsOf(action);
  };
  const note = (effect: Effect): void => {
    effects.push(effect);
    switch (effect.type) {
      case "fetch":
        if (effect.kind === "audio") audio.push(effect.url);
        queue.push({ type: "fetched", id: effect.id, answer: script.fetch(effect.url) });
        return;
      case "play": {
        const text = spokenText(effect.pieces);
        heard.push(text);
        marker =
          [...text.matchAll(/\[(say [^\]]+|press [^\]]+|silence|mumble|hang up|record)\]/g)].at(-1)?.[1] ??
          marker;
        now += PLAY_MS;
        queue.push({
          type: "played",
          id: effect.id,
          bargedIn: false,
          markName: lastMark(effect.pieces),
          markMs: PLAY_MS,
        });
        return;
      }
      case "listening":
        listening = true;
        return;
      case "set-timer":
        timers.set(effect.id, now + effect.afterMs);
        return;
      case "cancel-timer":
        timers.delete(effect.id);
        return;
      case "record": {
        const said = caller === null ? marker : (caller.shift() ?? null);
        const hangup = said === "hang up" || said === "hangup";
        const spoke = said !== null && said !== "silence" && !hangup;
        listening = false;
        marker = null;
        now += RECORDED_MS;
        queue.push({
          type: "recorded",
          id: effect.id,
          answer: {
            recording: spoke ? "reveille:recording/1" : null,
            durationMs: RECORDED_MS,
            sizeBytes: RECORDED_MS * 16,
            termchar: null,
            maxtime: RECORDED_MS >= effect.order.maxMs,
            hangup,
          },
        });
        return;
      }
      case "transfer": {
        const said = marker ?? caller?.shift() ?? null;
        marker = null;
        queue.push({
          type: "transferred",
          id: effect.id,
          answer: farEndAnswer(script.farEnd, effect.order, said),
        });
        return;
      }
      case "ended":
        outcome.end = effect.end;
        return;
      case "disconnect":
      case "entered":
      case "heard":
      case "log":
      case "no-input":
      case "no-match":
      case "stop-play":
      case "submitted":
        return;
      default:
        effect satisfies never;
    }
  };

  for (let inputs = 0; inputs < INPUTS_MAX && outcome.end === null; inputs += 1) {
    let input = queue.shift();
    if (input === undefined && listening) {
      queue.push(...act());
      input = queue.shift();
    }
    if (input === undefined) {
      const due = [...timers].toSorted((a, b) => a[1] - b[1])[0];
      if (due === undefined) break;
      timers.delete(due[0]);
      now = Math.max(now, due[1]);
      input = { type: "timer", id: due[0] };
    }
    for (const effect of dialog.step({ ...input, now, wall: now })) note(effect);
  }
  const fingerprint = dialog.fingerprint();
  realm.dispose();
  return { end: outcome.end, heard, audio, effects, virtualMs: now, fingerprint };
}

function lastMark(pieces: Extract<Effect, { type: "play" }>["pieces"]): string | null {
  const runs = pieces.flatMap((piece) => (piece.kind === "speech" ? piece.runs : []));
  const mark = runs.findLast((run) => run.kind === "mark");
  return mark?.kind === "mark" ? mark.name : null;
}

function inputsOf(action: string): Body<Input>[] {
  if (action === "silence" || action === "record") return [];
  if (action === "hangup" || action === "hang up") return [{ type: "hangup" }];
  if (action === "mumble" || action === "nomatch") return [{ type: "words", words: "", confidence: 0.9 }];
  const keys = keysIn(action);
  if (keys !== null) return Array.from(keys).flatMap(digitInput);
  return [{ type: "words", words: action.replace(/^say /, ""), confidence: 0.9 }];
}

function digitInput(key: string): readonly Body<Input>[] {
  const digit = KEYS.find((candidate) => candidate === key);
  return digit === undefined ? [] : [{ type: "digit", digit }];
}
