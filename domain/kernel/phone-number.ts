import type { Brand } from "./brand.ts";

/** An E.164 number with its plus sign, e.g. "+12125550123". */
export type PhoneNumber = Brand<string, "PhoneNumber">;

// Nothing is trimmed and nothing is forgiven: lenient parsers were seen to take `sip:+1…@evil` and header
// injections for valid numbers. Whether the number exists is the numbering plan's question, not ours.
const E164 = /^\+[1-9][0-9]{6,14}$/;

export function parsePhoneNumber(text: string): PhoneNumber | null {
  return E164.test(text) ? (text as PhoneNumber) : null;
}

/** For people's eyes: country and the last three digits only, e.g. "+1 ***123". */
export function maskPhoneNumber(number: PhoneNumber): string {
  return `${number.slice(0, 2)}***${number.slice(-3)}`;
}
