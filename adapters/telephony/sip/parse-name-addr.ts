import { parseParameters } from "./parse-parameters.ts";
import { parseUri } from "./parse-uri.ts";
import { type CoreNameAddr, type CoreParameters, type CoreUri, sipCore } from "./sip-core.ts";
import { SipSyntaxError } from "./sip-syntax-error.ts";

const QUOTED_NAME = /^"(?:[^"\\]|\\[\s\S])*"$/;
// Unquoted names are tokens by the grammar; letters beyond ASCII are common and harmless.
const PLAIN_NAME = /^[A-Za-z0-9\-.!%*_+`'~ \u0080-\u{10ffff}]*$/u;

/** Reads `[display name] <uri>;parameters`, or a bare `uri;parameters`. Throws `SipSyntaxError`. */
export function parseNameAddr(text: string): CoreNameAddr {
  const open = openingBracket(text);
  return open < 0 ? bareAddress(text) : bracketedAddress(text, open);
}

function bracketedAddress(text: string, open: number): CoreNameAddr {
  const close = text.indexOf(">", open);
  if (close < 0) throw new SipSyntaxError("< without >");
  const { uri } = parseUri(text.slice(open + 1, close));
  const display = displayName(text.slice(0, open).trim());
  return nameAddr(uri, display, parseParameters(afterSemicolon(text.slice(close + 1))));
}

/** RFC 3261 20: without brackets every parameter is the header's, and neither "," nor "?" may stand in the URI. */
function bareAddress(text: string): CoreNameAddr {
  const semicolon = text.indexOf(";");
  const address = (semicolon < 0 ? text : text.slice(0, semicolon)).trim();
  if (/[,?]/.test(address)) throw new SipSyntaxError("address with , or ? but without brackets");
  const { uri } = parseUri(address);
  return nameAddr(uri, "", parseParameters(semicolon < 0 ? "" : text.slice(semicolon + 1)));
}

/** The core would copy the parameters one by one. */
function nameAddr(uri: CoreUri, name: string, parameters: CoreParameters): CoreNameAddr {
  const header = new sipCore.NameAddrHeader(uri, name, NO_PARAMETERS);
  header.parameters = parameters;
  return header;
}

const NO_PARAMETERS: CoreParameters = Object.freeze({});

function afterSemicolon(rest: string): string {
  const text = rest.trim();
  if (text === "") return "";
  if (!text.startsWith(";")) throw new SipSyntaxError("text after >");
  return text.slice(1);
}

/** Index of the first "<" outside quotes; -1 when there is none. */
function openingBracket(text: string): number {
  if (!text.includes('"')) return text.indexOf("<");
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted && character === "\\") index += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === "<" && !quoted) return index;
  }
  if (quoted) throw new SipSyntaxError("quote without its end");
  return -1;
}

function displayName(text: string): string {
  if (text === "") return text;
  if (QUOTED_NAME.test(text)) return text.slice(1, -1).replaceAll(/\\([\s\S])/g, "$1");
  if (!PLAIN_NAME.test(text)) throw new SipSyntaxError("display name that is neither quoted nor plain");
  return text;
}
