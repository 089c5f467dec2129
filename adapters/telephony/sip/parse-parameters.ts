import { isToken } from "./read-head.ts";
import type { CoreParameters } from "./sip-core.ts";
import { SipSyntaxError } from "./sip-syntax-error.ts";
import { splitOutside } from "./split-outside.ts";

const VALUE = /^(?:[^\s;,<>"=]+|"(?:[^"\\]|\\.)*"|\[[0-9A-Fa-f:.]+\])$/;

/** Reads `name[=value]` parts after the first ";" of a header; names in lower case, a bare name has null. */
export function parseParameters(text: string): CoreParameters {
  const parameters: CoreParameters = {};
  if (text === "") return parameters;
  for (const part of splitOutside(text, ";")) {
    const equals = part.indexOf("=");
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (!isToken(name)) throw new SipSyntaxError("parameter without a name");
    const value = equals < 0 ? null : part.slice(equals + 1).trim();
    if (value !== null && !VALUE.test(value))
      throw new SipSyntaxError(`parameter ${name} without a fit value`);
    // The one name that would change the object itself.
    if (name !== "__proto__") parameters[name] = value;
  }
  return parameters;
}
