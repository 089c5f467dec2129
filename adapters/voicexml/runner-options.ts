import type { Chance } from "../../domain/ports/chance.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Fetcher } from "../../domain/ports/fetcher.ts";
import type { SpeechSynthesizer } from "../../domain/ports/speech.ts";
import type { CallLeg } from "../../domain/ports/telephony.ts";
import type { TransferAnswer, TransferOrder } from "./dialog/effects.ts";
import type { DialogLimits } from "./dialog/limits.ts";

export type DialogRunnerOptions = {
  readonly speech: SpeechSynthesizer;
  readonly fetcher: Fetcher;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Threads; about 40 dialogs each are comfortable. */
  readonly workers: number;
  /** VoiceXML that replaces the built-in default handlers; null: built-in. */
  readonly defaults: string | null;
  readonly limits: Partial<DialogLimits>;
  readonly userAgent: string;
  /** Moves or bridges a call; null: documents hear `error.unsupported.transfer`. Resolves, never rejects. */
  readonly transfer:
    | ((order: TransferOrder, leg: CallLeg, signal: AbortSignal) => Promise<TransferAnswer>)
    | null;
};
