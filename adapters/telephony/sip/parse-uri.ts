import { isIPv6 } from "node:net";
import type { CoreParameters, CoreUri } from "./sip-core.ts";
import { SipSyntaxError } from "./sip-syntax-error.ts";
import { createTextUri } from "./text-uri.ts";

/** A URI that was received, with its text kept as it came. */
export type ReceivedUri = { readonly uri: CoreUri; readonly hasHeaders: boolean };

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
const BLANK_OR_BRACKET = /[\s<>"]/;
const USER = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/:#]|%[0-9A-Fa-f]{2})+$/;
const HOST = /^[A-Za-z0-9._-]+$/;
const HOST_PORT = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/;
const URI_PARAMETER = /^[A-Za-z0-9\-_.!~*'()[\]/:&+$%]+(?:=[A-Za-z0-9\-_.!~*'()[\]/:&+$%]*)?$/;

/**
 * Reads a sip, sips or any other URI. Only the first two are taken apart; `tel:` and the rest keep their text
 * and have no user or host that means anything. Throws `SipSyntaxError`.
 */
export function parseUri(text: string): ReceivedUri {
  const colon = text.indexOf(":");
  const scheme = text.slice(0, Math.max(0, colon));
  if (!SCHEME.test(scheme) || BLANK_OR_BRACKET.test(text)) throw new SipSyntaxError("no URI");
  const lower = scheme.toLowerCase();
  const rest = text.slice(colon + 1);
  if (lower !== "sip" && lower !== "sips") return { uri: opaqueUri(lower, text), hasHeaders: false };
  return sipUri(lower, rest);
}

function sipUri(scheme: string, rest: string): ReceivedUri {
  const at = rest.indexOf("@");
  if (at !== rest.lastIndexOf("@")) throw new SipSyntaxError("URI with two @");
  const user = at < 0 ? "" : requireUser(rest.slice(0, at));
  const afterUser = rest.slice(at + 1);
  const question = afterUser.indexOf("?");
  const withoutHeaders = question < 0 ? afterUser : afterUser.slice(0, question);
  const [hostPort = "", ...parameters] = withoutHeaders.split(";");
  const { host, port } = parseHostPort(hostPort);
  const text = `${scheme}:${at < 0 ? "" : rest.slice(0, at + 1)}${withoutHeaders}`;
  const parts = { scheme, user, host, port: port ?? undefined, parameters: uriParameters(parameters) };
  return { uri: createTextUri(parts, text), hasHeaders: question >= 0 };
}

/** `host[:port]`, the host a name, an IPv4 address or an IPv6 address in brackets. Throws `SipSyntaxError`. */
export function parseHostPort(text: string): { readonly host: string; readonly port: number | null } {
  const match = HOST_PORT.exec(text);
  const host = match?.[1] ?? "";
  const port = match?.[2] === undefined ? null : Number(match[2]);
  const fits = host.startsWith("[") ? isIPv6(host.slice(1, -1)) : HOST.test(host);
  if (!fits || (port !== null && port > 65_535)) throw new SipSyntaxError("no host, or a port above 65535");
  return { host, port };
}

function requireUser(user: string): string {
  if (!USER.test(user)) throw new SipSyntaxError("user part that is empty or not escaped");
  if (!user.includes("%")) return user;
  try {
    // The core decodes it when it writes the URI, and would throw there.
    decodeURIComponent(user);
  } catch {
    throw new SipSyntaxError("user part whose escapes are no UTF-8");
  }
  return user;
}

function uriParameters(parts: readonly string[]): CoreParameters {
  const parameters: CoreParameters = {};
  for (const part of parts) {
    if (!URI_PARAMETER.test(part)) throw new SipSyntaxError("URI parameter that is none");
    const equals = part.indexOf("=");
    const name = (equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? null : part.slice(equals + 1);
    if (name !== "__proto__") parameters[name] = value;
  }
  return parameters;
}

function opaqueUri(scheme: string, text: string): CoreUri {
  return createTextUri({ scheme, user: "", host: "opaque.invalid", port: undefined, parameters: {} }, text);
}
