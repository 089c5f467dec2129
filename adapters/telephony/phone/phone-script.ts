import type { Digit } from "../../../domain/ports/telephony.ts";
import { DTMF_KEYPAD } from "../audio/dtmf-tone.ts";

/** What a scripted telephone does in a call, one step after the other. */
export type PhoneStep = PhoneWait & PhoneDeed;

export type PhoneWait =
  /** Since the step before was done, or since the answer. */
  | { readonly afterMs: number }
  /** Until a prompt was heard and has been over for so long. */
  | { readonly afterPromptSilenceMs: number };

type PhoneDeed = { readonly keys: string } | { readonly hangUp: true };

/** Keys of one `press`. */
const KEYS_PER_PRESS_MAX = 64;
const KEYPAD: ReadonlySet<string> = new Set<Digit>(DTMF_KEYPAD.flat());

/** Reads `12#`; null when it holds anything that no keypad has, or too much. */
function parseKeys(text: string): readonly Digit[] | null {
  if (text.length === 0 || text.length > KEYS_PER_PRESS_MAX) return null;
  const keys = Array.from(text);
  return keys.every(isKey) ? keys : null;
}

function isKey(text: string): text is Digit {
  return KEYPAD.has(text);
}

/** Throws RangeError. */
export function requireKeys(text: string): readonly Digit[] {
  const keys = parseKeys(text);
  if (keys !== null) return keys;
  throw new RangeError(`phone: keys are 0-9, *, #, A-D, at most ${KEYS_PER_PRESS_MAX} of them`);
}

export type Doing = {
  readonly wait: (wait: PhoneWait) => Promise<void>;
  readonly press: (keys: readonly Digit[]) => Promise<void>;
  readonly hangUp: () => void;
  /** True when the call is over: the rest is not done. */
  readonly over: () => boolean;
};

/** Rejects only when a step's own doing does. */
export async function runScript(steps: readonly PhoneStep[], doing: Doing): Promise<void> {
  for (const step of steps) {
    await doing.wait(step);
    if (doing.over()) return;
    if ("keys" in step) await doing.press(requireKeys(step.keys));
    else doing.hangUp();
  }
}
