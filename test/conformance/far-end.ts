/** What the called party of a transfer does, as an index words it. */
import type { TransferAnswer, TransferOrder } from "../../adapters/voicexml/dialog/effects.ts";

type FarEnd = TransferAnswer["outcome"] | "answers" | "answers-and-stays";

/** The first that fits: near-synonyms do the same, and the narrower words stand before the wider ones. */
const WORDS: readonly (readonly [RegExp, FarEnd])[] = [
  [/network.*busy/, "network_busy"],
  [/busy/, "busy"],
  [/never|no-?answer|no answer/, "noanswer"],
  [/network.*(disconnect|drop|hang)/, "network_disconnect"],
  [/caller.*hang/, "caller-hangup"],
  [/maxtime|stay/, "answers-and-stays"],
  [/hang|far-?end|disconnect/, "far_end_disconnect"],
  [/not-?auth|unauthor/, "not-authorized"],
  [/no-?route/, "no-route"],
  [/no-?resource/, "no-resource"],
  [/bad-?dest/, "bad-destination"],
  [/unsupported/, "unsupported"],
  [/unknown/, "unknown"],
  [/accept|answer|connect/, "answers"],
];

/** Null for words that are not known here. */
export function farEndKind(words: string): FarEnd | null {
  const lower = words.toLowerCase();
  return WORDS.find(([pattern]) => pattern.test(lower))?.[1] ?? null;
}

/** `said`: what the caller does meanwhile; null for nothing. Throws for a far end that nobody knows. */
export function farEndAnswer(
  farEnd: string | null,
  order: TransferOrder,
  said: string | null,
): TransferAnswer {
  const kind = farEnd === null ? "answers" : farEndKind(farEnd);
  if (kind === null) throw new Error(`far end "${farEnd ?? ""}" is not known to this harness`);
  const durationMs = order.maxMs;
  if (kind !== "answers" && kind !== "answers-and-stays") return { outcome: kind, durationMs };
  if (said === "hangup" || said === "hang up") return { outcome: "caller-hangup", durationMs };
  if (order.type !== "bridge") return { outcome: "transferred", durationMs };
  if (said !== null && said !== "silence")
    return { outcome: "near_end_disconnect", durationMs, ...saying(said) };
  const isCut = kind === "answers-and-stays" && order.maxMs > 0;
  return { outcome: isCut ? "maxtime_disconnect" : "far_end_disconnect", durationMs };
}

function saying(action: string): Pick<TransferAnswer, "inputmode" | "utterance"> {
  const keys = keysIn(action);
  if (keys !== null) return { inputmode: "dtmf", utterance: keys };
  return { inputmode: "voice", utterance: action.replace(/^say /, "") };
}

/** The keys of "press 1 2", "dtmf-1 dtmf-2" or "12"; null for what is no keys. */
export function keysIn(action: string): string | null {
  const bare = action
    .replace(/^press /, "")
    .replace(/dtmf[ :-]?/gi, "")
    .replace(/\s+/g, "");
  return /^[0-9A-D*#]+$/.test(bare) ? bare : null;
}
