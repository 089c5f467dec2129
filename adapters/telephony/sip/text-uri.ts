import type { CoreParameters, CoreUri } from "./sip-core.ts";

export type UriParts = {
  readonly scheme: string;
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  readonly parameters: CoreParameters;
};

type TextUri = CoreUri & { readonly text: string };

/**
 * A URI for the core that is written as `text`, always. The core's own writes `tel:+1` as `tel://opaque.invalid`,
 * escapes users anew, and copies itself through JSON at every message; here what came goes back as it came.
 */
export function createTextUri(parts: UriParts, text: string): CoreUri {
  const uri: TextUri = {
    scheme: parts.scheme,
    user: parts.user,
    host: parts.host.toLowerCase(),
    port: parts.port,
    parameters: parts.parameters,
    text,
    toString: textOf,
    toRaw: textOf,
    clone: itself,
  };
  return uri;
}

/** `sip:user@host:port`, written once. `host` as in a URI: IPv6 in brackets. */
export function createSipUri(user: string, host: string, port: number | undefined): CoreUri {
  const at = `${escapeUser(user)}@${host.toLowerCase()}`;
  const text = port === undefined ? `sip:${at}` : `sip:${at}:${port}`;
  return createTextUri({ scheme: "sip", user, host, port, parameters: {} }, text);
}

const PLAIN_USER = /^[A-Za-z0-9\-_.!~*'()+:?/]+$/;

/** RFC 3261 25.1: what a user part may not hold is escaped. Escapes that are there already stay. */
function escapeUser(user: string): string {
  if (PLAIN_USER.test(user)) return user;
  return encodeURIComponent(decodeURIComponent(user)).replaceAll(/%(?:3A|2B|3F|2F)/g, decodeURIComponent);
}

function textOf(this: TextUri): string {
  return this.text;
}

// Nobody changes a URI once it is written, so it need not be copied.
function itself(this: TextUri): CoreUri {
  return this;
}
