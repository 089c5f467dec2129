/** Gathers what a prompt says into pieces: neighbouring text of one voice and language becomes one request. */

import { milliseconds } from "../../../domain/kernel/time.ts";
import type { SpeechRun } from "../../../domain/ports/speech.ts";
import type { PromptPiece } from "./effects.ts";

export type Style = {
  readonly lang: string;
  readonly voice: string | null;
  readonly rate: number;
  readonly pitch: number;
  readonly volume: number;
};

export type PromptWriter = {
  text(text: string, style: Style): void;
  pause(lengthMs: number, style: Style): void;
  mark(name: string, style: Style): void;
  piece(piece: PromptPiece): void;
  finish(): readonly PromptPiece[];
};

export function createPromptWriter(): PromptWriter {
  const pieces: PromptPiece[] = [];
  let runs: SpeechRun[] = [];
  let current: Style | null = null;
  const flush = (): void => {
    if (current !== null && runs.length > 0) {
      pieces.push({ kind: "speech", runs, lang: current.lang, voice: current.voice });
    }
    runs = [];
  };
  const add = (run: SpeechRun, style: Style): void => {
    if (current !== null && (current.lang !== style.lang || current.voice !== style.voice)) flush();
    current = style;
    runs.push(run);
  };
  return {
    text(text, style) {
      const spoken = text.replace(/\s+/g, " ");
      if (spoken.trim() === "") return;
      const last = runs.at(-1);
      if (current !== null && last?.kind === "text" && sameStyle(current, style)) {
        runs[runs.length - 1] = { ...last, text: joinWords(last.text, spoken) };
        return;
      }
      add(
        { kind: "text", text: spoken.trim(), rate: style.rate, pitch: style.pitch, volume: style.volume },
        style,
      );
    },
    pause: (lengthMs, style) => add({ kind: "break", lengthMs: milliseconds(lengthMs) }, style),
    mark: (name, style) => add({ kind: "mark", name }, style),
    piece(piece) {
      flush();
      pieces.push(piece);
    },
    finish() {
      flush();
      return pieces;
    },
  };
}

function sameStyle(a: Style, b: Style): boolean {
  return (
    a.lang === b.lang &&
    a.voice === b.voice &&
    a.rate === b.rate &&
    a.pitch === b.pitch &&
    a.volume === b.volume
  );
}

/** Text around a `<value>` may touch it without a space; the words still have to be told apart by the voice. */
function joinWords(left: string, right: string): string {
  return `${left.trim()} ${right.trim()}`.replace(/ ([.,;:!?])(?= |$)/g, "$1");
}

/** What a person would have heard of the pieces, for the record. */
export function spokenText(pieces: readonly PromptPiece[]): string {
  return pieces
    .map((piece) => {
      if (piece.kind !== "speech") return piece.kind === "audio" ? `[${piece.url}]` : "[recording]";
      return piece.runs.flatMap((run) => (run.kind === "text" ? [run.text] : [])).join(" ");
    })
    .filter((text) => text !== "")
    .join(" ");
}
