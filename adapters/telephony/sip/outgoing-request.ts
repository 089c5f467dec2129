/**
 * Requests of ours, in place of the core's message objects: those merge three option objects, copy three URIs
 * through JSON and spell every header name anew, for each ACK. Headers are written once, in the order of
 * RFC 3261 7.3.1 (what routers read comes first).
 */
import type { OutgoingText } from "./outgoing-text.ts";
import {
  type CoreBody,
  type CoreOutgoingRequest,
  type CoreUri,
  type RequestOptions,
  sipCore,
} from "./sip-core.ts";

export type RequestWriter = {
  /** Stands in for the core's factory of the same name. */
  make(
    method: string,
    target: CoreUri,
    from: CoreUri,
    to: CoreUri,
    options: RequestOptions,
    extraHeaders?: readonly string[],
    body?: CoreBody,
  ): CoreOutgoingRequest;
  /** What is known of the text that was written last; null for any other: it has to be read. */
  known(text: string): OutgoingText | null;
};

type WrittenRequest = CoreOutgoingRequest & {
  readonly from: { readonly uri: CoreUri };
  readonly to: { readonly uri: CoreUri };
  readonly fromText: string;
  readonly toText: string;
  readonly writer: Writer;
  /** Names that the core looks at itself (`headers.Route` of what it cancels). */
  headers: { Route?: readonly string[] };
  readonly extraHeaders: readonly string[];
  body: { readonly body: string; readonly contentType: string } | undefined;
  viaText: string;
  /** Set by the core afterwards: the proof of a challenged request, the next CSeq, a Reason. */
  set: Map<string, string> | null;
};

type Writer = { readonly viaHost: string; last: { text: string; request: WrittenRequest } | null };

const DEFAULT_PORT = 5060;

/** `viaHost` with its port, IPv6 in brackets. */
export function createRequestWriter(viaHost: string): RequestWriter {
  const writer: Writer = { viaHost, last: null };
  return {
    make(method, target, from, to, options, extraHeaders = [], body) {
      return newRequest({
        method,
        ruri: target,
        from: { uri: from },
        to: { uri: to },
        fromTag: options.fromTag,
        toTag: options.toTag,
        callId: options.callId,
        cseq: options.cseq ?? 1,
        branch: undefined,
        fromText: addressText(from, options.fromTag),
        toText: addressText(to, options.toTag),
        writer,
        headers: options.routeSet?.length ? { Route: options.routeSet } : {},
        extraHeaders,
        body: body === undefined ? undefined : { body: body.content, contentType: body.contentType },
        viaText: "",
        set: null,
      });
    },
    known(text) {
      const { last } = writer;
      return last?.text === text ? factsOf(last.request) : null;
    },
  };
}

function addressText(uri: CoreUri, tag: string | undefined): string {
  return tag ? `<${uri.toString()}>;tag=${tag}` : `<${uri.toString()}>`;
}

/** The core asks whether it is one of its own: it looks for an offer in the body then. */
function newRequest(fields: Omit<WrittenRequest, keyof typeof METHODS>): WrittenRequest {
  const request: typeof METHODS = Object.create(PROTOTYPE);
  return Object.assign(request, fields);
}

const METHODS = {
  setHeader(this: WrittenRequest, name: string, value: string | string[]): void {
    this.set ??= new Map();
    this.set.set(name.toLowerCase(), String(value));
  },
  getHeader(this: WrittenRequest, name: string): string | undefined {
    switch (name.toLowerCase()) {
      case "from":
        return this.fromText;
      case "to":
        return this.toText;
      case "via":
        return this.viaText;
      case "route":
        return this.headers.Route?.join(", ");
      default:
        return this.set?.get(name.toLowerCase());
    }
  },
  setViaHeader(this: WrittenRequest, branch: string, protocol: string): void {
    this.branch = branch;
    this.viaText = `SIP/2.0/${protocol} ${this.writer.viaHost};branch=${branch};rport`;
  },
  toString(this: WrittenRequest): string {
    const text = write(this);
    this.writer.last = { text, request: this };
    return text;
  },
};

const PROTOTYPE: object = Object.assign(Object.create(sipCore.OutgoingRequestMessage.prototype), METHODS);

const SET_NAMES: ReadonlyMap<string, string> = new Map([
  ["authorization", "Authorization"],
  ["proxy-authorization", "Proxy-Authorization"],
  ["reason", "Reason"],
]);

function write(request: WrittenRequest): string {
  const { method, headers, set, body } = request;
  let text = `${method} ${request.ruri.toRaw()} SIP/2.0\r\nVia: ${request.viaText}\r\n`;
  for (const route of headers.Route ?? []) text += `Route: ${route}\r\n`;
  text += `Max-Forwards: 70\r\nFrom: ${request.fromText}\r\nTo: ${request.toText}\r\nCall-ID: ${request.callId}\r\nCSeq: ${request.cseq} ${method}\r\n`;
  for (const [name, value] of set ?? []) {
    // The CSeq is written from its number, which the core raises too.
    if (name !== "cseq") text += `${SET_NAMES.get(name) ?? name}: ${value}\r\n`;
  }
  for (const header of request.extraHeaders) text += `${header}\r\n`;
  // No version: it would tell attackers what to try.
  text += "User-Agent: reveille\r\n";
  if (body === undefined) return `${text}Content-Length: 0\r\n\r\n`;
  const length = Buffer.byteLength(body.body);
  return `${text}Content-Type: ${body.contentType}\r\nContent-Length: ${length}\r\n\r\n${body.body}`;
}

/** What the transport would read from the text; null where a Route decides, which is rare: then it reads. */
function factsOf(request: WrittenRequest): OutgoingText | null {
  const { ruri, method, callId, branch } = request;
  if (request.headers.Route !== undefined || ruri.scheme !== "sip" || branch === undefined) return null;
  const host = ruri.host.startsWith("[") ? ruri.host.slice(1, -1) : ruri.host;
  return {
    status: null,
    method,
    callId,
    branch,
    via: null,
    nextHop: { host, port: ruri.port ?? DEFAULT_PORT },
  };
}
