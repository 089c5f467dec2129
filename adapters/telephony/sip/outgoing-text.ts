/** What the shell must know of a message that the core has written: where it goes and how it is repeated. */
import { parseUri } from "./parse-uri.ts";
import { parseVia, type Via } from "./parse-via.ts";
import { type SipAddress, SipTargetError } from "./signalling.ts";
import { SipSyntaxError } from "./sip-syntax-error.ts";

export type OutgoingText = {
  /** Null for a request. */
  readonly status: number | null;
  /** Of a response: the method it answers. */
  readonly method: string;
  readonly callId: string;
  readonly branch: string;
  /** Of a response: where it goes. */
  readonly via: Via | null;
  /** Of a request: host and port of the first Route, else of the Request-URI; null when it is no sip URI. */
  readonly nextHop: SipAddress | null;
};

const STATUS = /^SIP\/2\.0 (\d{3}) /;
const VIA = /^Via: (.*)$/m;
const CALL_ID = /^Call-ID: (.*)$/m;
const CSEQ_METHOD = /^CSeq: \d+ ([A-Z]+)/m;
const FIRST_ROUTE = /^Route: [^<\r\n]*<([^>\r\n]+)>/m;
const REQUEST_URI = /^[A-Z]+ (\S+) /;
const DEFAULT_PORT = 5060;

/** Throws where the core wrote a message without Via: a fault of ours. */
export function readOutgoing(text: string): OutgoingText {
  const head = text.slice(0, text.indexOf("\r\n\r\n"));
  const via = parseVia((VIA.exec(head)?.[1] ?? "").trim());
  const status = STATUS.exec(head)?.[1];
  return {
    status: status === undefined ? null : Number(status),
    method: CSEQ_METHOD.exec(head)?.[1] ?? "",
    callId: (CALL_ID.exec(head)?.[1] ?? "").trim(),
    branch: via.parameters["branch"] ?? "",
    via,
    nextHop: status === undefined ? nextHopOf(head) : null,
  };
}

function nextHopOf(head: string): SipAddress | null {
  const text = FIRST_ROUTE.exec(head)?.[1] ?? REQUEST_URI.exec(head)?.[1] ?? "";
  try {
    const { uri } = parseUri(text);
    const host = uri.host.replace(/^\[(.*)\]$/, "$1");
    return { host, port: uri.port ?? DEFAULT_PORT };
  } catch (error) {
    if (error instanceof SipSyntaxError) return null;
    throw error;
  }
}

const BREAKS_A_MESSAGE = /[\r\n\0]/;

/** The core joins extra headers unchecked: a line end inside one would be a header of the caller's choosing. */
export function requireOneLine(text: string, what: string): string {
  if (!BREAKS_A_MESSAGE.test(text)) return text;
  throw new SipTargetError(
    `sip: ${what} holds a line end or NUL; refuse such text where it enters the house`,
  );
}

/** Host for a URI or Via: IPv6 in brackets. */
export function writeHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
