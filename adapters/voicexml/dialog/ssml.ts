/** SSML 1.0 read as numbers: what an engine that knows nothing of markup needs to be told. */
import { parseTime } from "../document/time-designation.ts";
import { attribute, type XmlElement } from "../document/xml-node.ts";
import type { Style } from "./prompt-writer.ts";

/** Our choice: SSML leaves the lengths to the platform. */
const BREAK_MS: Readonly<Record<string, number>> = {
  none: 0,
  "x-weak": 50,
  weak: 150,
  medium: 300,
  strong: 600,
  "x-strong": 1_000,
};

const BREAK_MS_MAX = 60_000;

export function breakLengthMs(node: XmlElement): number {
  const time = parseTime(attribute(node, "time") ?? "");
  if (time !== null) return Math.min(time, BREAK_MS_MAX);
  return BREAK_MS[attribute(node, "strength") ?? "medium"] ?? BREAK_MS["medium"] ?? 0;
}

const NAMED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  rate: { "x-slow": 0.5, slow: 0.75, medium: 1, default: 1, fast: 1.3, "x-fast": 1.7 },
  pitch: { "x-low": 0.6, low: 0.8, medium: 1, default: 1, high: 1.25, "x-high": 1.5 },
  volume: { silent: 0, "x-soft": 0.25, soft: 0.5, medium: 1, default: 1, loud: 1.4, "x-loud": 2 },
};

const FACTOR_MIN = 0.33;
const FACTOR_MAX = 3;

export function prosody(node: XmlElement, style: Style): Style {
  return {
    ...style,
    rate: factor(node, "rate", style.rate),
    pitch: factor(node, "pitch", style.pitch),
    volume: factor(node, "volume", style.volume),
  };
}

function factor(node: XmlElement, name: "rate" | "pitch" | "volume", outer: number): number {
  const given = attribute(node, name)?.trim();
  if (given === undefined) return outer;
  const named = NAMED[name]?.[given];
  if (named !== undefined) return named;
  const percent = /^([+-])(\d+(?:\.\d+)?)%$/.exec(given);
  if (percent !== null)
    return clamp(outer * (1 + (percent[1] === "-" ? -1 : 1) * (Number(percent[2]) / 100)));
  const number = Number(given);
  if (!/^\d+(\.\d+)?$/.test(given)) return outer;
  // SSML 1.0: a bare number is a factor for rate, and 0 to 100 for volume.
  return name === "volume" ? Math.min(number / 100, 1) : clamp(number);
}

function clamp(value: number): number {
  return Math.min(FACTOR_MAX, Math.max(FACTOR_MIN, value));
}

/** Text as `<say-as interpret-as>` wants it read; engines spell nothing by themselves. */
export function sayAs(text: string, interpretAs: string): string {
  const kind = interpretAs.replace(/^vxml:/, "");
  if (
    kind === "digits" ||
    kind === "characters" ||
    kind === "spell-out" ||
    kind === "phone" ||
    kind === "telephone"
  ) {
    return Array.from(text.replace(/\s+/g, "")).join(" ");
  }
  if (kind === "boolean") return text.trim() === "true" ? "yes" : "no";
  return text;
}
