import { parseParameters } from "./parse-parameters.ts";
import { parseHostPort } from "./parse-uri.ts";
import type { CoreParameters } from "./sip-core.ts";
import { SipSyntaxError } from "./sip-syntax-error.ts";

export type Via = {
  readonly transport: string;
  /** In lower case. */
  readonly host: string;
  readonly port: number | null;
  readonly parameters: CoreParameters;
};

// Blanks are single by now, so that the optional ones cannot make it slow.
const VIA = /^SIP ?\/ ?2\.0 ?\/ ?([A-Za-z0-9.+_-]+) ([^; ]+(?: ?: ?\d+)?) ?(?:;(.*))?$/i;

/** Reads one Via value (RFC 3261 20.42). Throws `SipSyntaxError`. */
export function parseVia(text: string): Via {
  const match = VIA.exec(text);
  if (match === null) throw new SipSyntaxError("no Via");
  const [, transport = "", sentBy = "", parameters = ""] = match;
  const { host, port } = parseHostPort(sentBy.replaceAll(" ", ""));
  return {
    transport: transport.toUpperCase(),
    host: host.toLowerCase(),
    port,
    parameters: parseParameters(parameters),
  };
}
