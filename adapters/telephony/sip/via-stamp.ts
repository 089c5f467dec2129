import type { Via } from "./parse-via.ts";
import type { SipAddress } from "./signalling.ts";
import { splitOutside } from "./split-outside.ts";

const DEFAULT_PORT = 5060;

/**
 * Writes into the top Via where a request came from (RFC 3261 18.2.1, RFC 3581), because responses go where it
 * says. What the peer wrote there itself is removed first: it could aim our responses at a victim.
 */
export function stampVia(raw: string, source: SipAddress, options: { readonly forceRport: boolean }): string {
  const [sentBy = "", ...parameters] = splitOutside(raw, ";");
  const kept = parameters.filter((parameter) => !/^(?:received|rport) ?(?:=|$)/i.test(parameter));
  const asksForPort = parameters.some((parameter) => /^rport ?(?:=|$)/i.test(parameter));
  const port = options.forceRport || asksForPort ? [`rport=${source.port}`] : [];
  return [sentBy, ...kept, `received=${source.host}`, ...port].join(";");
}

/** Where a response goes: always back to the address that the request came from. */
export function responseAddress(stamped: Via): SipAddress {
  const { parameters } = stamped;
  const port = Number(parameters["rport"] ?? stamped.port ?? DEFAULT_PORT);
  return { host: parameters["received"] ?? stamped.host, port: port || DEFAULT_PORT };
}
