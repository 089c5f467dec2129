/**
 * The only door to sip.js: its `lib/core` (messages, dialogs, transaction state machines) and nothing of its
 * browser side. The types below are ours and name just what we use: the package's own do not compile under
 * `exactOptionalPropertyTypes`, and hide what has to be mended (`core-faults.ts`).
 *
 * Never used on received data: its Parser and its PEG grammar. They are slow (80 % of 1.1 ms a message), silent
 * about errors, and can throw; see `parse-message.ts`.
 */
import { createRequire } from "node:module";
import type { Challenge } from "./digest.ts";

export type CoreParameters = { [name: string]: string | null };

export interface CoreUri {
  scheme: string;
  user: string | undefined;
  host: string;
  port: number | undefined;
  parameters: CoreParameters;
  toString(): string;
  toRaw(): string;
  clone(): CoreUri;
}

export interface CoreNameAddr {
  uri: CoreUri;
  displayName: string;
  parameters: CoreParameters;
}

/** What our parser puts beside the raw text: the core reads some of it, the shell the rest. */
export type CoreParsedValue =
  | string
  | CoreNameAddr
  | {
      readonly transport: string;
      readonly host: string;
      readonly port: number | null;
      readonly parameters: CoreParameters;
    }
  | { readonly number: number; readonly method: string }
  | { readonly length: number }
  | { readonly hops: number }
  | { readonly type: string }
  | { readonly event: string }
  | { readonly text: string }
  /** The core asks for `stale` itself. */
  | { readonly challenge: Challenge; readonly stale: boolean }
  /** `Contact: *`. */
  | { readonly everything: true };

export type CoreHeaderValue = { raw: string; parsed?: CoreParsedValue };

export interface CoreIncomingMessage {
  viaBranch: string;
  method: string;
  body: string;
  toTag: string;
  to: CoreNameAddr;
  fromTag: string;
  from: CoreNameAddr;
  callId: string;
  cseq: number;
  via: { host: string; port: number };
  headers: { [name: string]: CoreHeaderValue[] };
  referTo: string | undefined;
  data: string;
  getHeader(name: string): string | undefined;
  getHeaders(name: string): string[];
  hasHeader(name: string): boolean;
}

export interface CoreRequest extends CoreIncomingMessage {
  ruri: CoreUri | undefined;
}

export interface CoreResponse extends CoreIncomingMessage {
  statusCode: number | undefined;
  reasonPhrase: string | undefined;
}

export interface CoreOutgoingRequest {
  readonly method: string;
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag: string | undefined;
  readonly ruri: CoreUri;
  readonly from: { readonly uri: CoreUri };
  branch: string | undefined;
  cseq: number;
  setHeader(name: string, value: string | string[]): void;
  setViaHeader(branch: string, protocol: string): void;
  toString(): string;
}

export type CoreBody = {
  readonly contentDisposition: "session" | "render";
  readonly contentType: string;
  readonly content: string;
};

type CoreReply = {
  statusCode: number;
  reasonPhrase?: string;
  extraHeaders?: string[];
  body?: CoreBody;
};

/** Where a request of ours belongs; without `toTag` it begins a call. */
export type RequestOptions = {
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag?: string;
  readonly cseq?: number;
  readonly routeSet?: readonly string[];
};

export interface CoreTransport {
  readonly protocol: string;
  send(text: string): Promise<void>;
}

interface CoreTransaction {
  readonly id: string;
  readonly state: string;
  readonly request: { readonly method: string };
  /** Of an INVITE of ours that was answered: the end of its 32 s (RFC 6026 7.2). */
  timerM?(): void;
  /** The same of any other request of ours, once its final response has come. */
  timerK?(): void;
}

/** A request that we received inside a dialog, to be answered once. */
export interface CoreInDialogRequest {
  readonly message: CoreRequest;
  accept(reply: CoreReply): unknown;
  reject(reply: CoreReply): unknown;
}

type CoreSessionDelegate = {
  onAck?(ack: { readonly message: CoreRequest }): void;
  onAckTimeout?(): void;
  onBye?(request: CoreInDialogRequest): void;
  onInfo?(request: CoreInDialogRequest): void;
  onInvite?(request: CoreInDialogRequest): void;
  onMessage?(request: CoreInDialogRequest): void;
  onNotify?(request: CoreInDialogRequest): void;
  onPrack?(request: CoreInDialogRequest): void;
  onRefer?(request: CoreInDialogRequest): void;
};

export interface CoreSession {
  readonly id: string;
  readonly early: boolean;
  readonly ackWait: boolean;
  delegate: CoreSessionDelegate | undefined;
  bye(delegate?: undefined, options?: { extraHeaders: string[] }): unknown;
  dispose(): void;
}

export type CoreInviteDelegate = {
  onTrying(response: { readonly message: CoreResponse }): void;
  onProgress(response: { readonly message: CoreResponse }): void;
  onAccept(response: {
    readonly message: CoreResponse;
    readonly session: CoreSession;
    readonly ack: () => { readonly message: CoreOutgoingRequest };
  }): void;
  onReject(response: { readonly message: CoreResponse }): void;
  onRedirect(response: { readonly message: CoreResponse }): void;
};

type CoreRequestDelegate = {
  onAccept(response: { readonly message: CoreResponse }): void;
  onReject(response: { readonly message: CoreResponse }): void;
  onRedirect(response: { readonly message: CoreResponse }): void;
};

export interface CoreOutgoingInvite {
  readonly message: CoreOutgoingRequest;
  readonly transaction: CoreTransaction;
  cancel(reason?: string): unknown;
}

/** An INVITE that we received outside a dialog. */
export interface CoreIncomingInvite {
  readonly message: CoreRequest;
  readonly acceptable: boolean;
  readonly progressable: boolean;
  readonly rejectable: boolean;
  delegate: { onCancel(request: CoreRequest): void } | undefined;
  /** Ours replaces the guessable one that the core makes. */
  toTag: string;
  accept(reply: CoreReply): { readonly session: CoreSession };
  progress(reply: CoreReply): unknown;
  reject(reply: CoreReply): unknown;
  redirect(contacts: CoreUri[], reply: CoreReply): unknown;
}

type CoreConfiguration = {
  aor: CoreUri;
  contact: { uri: CoreUri; pubGruu: undefined; tempGruu: undefined; toString(): string };
  displayName: string;
  loggerFactory: CoreLoggerFactory;
  hackViaTcp: boolean;
  routeSet: string[];
  sipjsId: string;
  supportedOptionTags: string[];
  supportedOptionTagsResponse: string[];
  userAgentHeaderFieldValue: string;
  viaForceRport: boolean;
  viaHost: string;
  authenticationFactory(): CoreCredentials;
  transportAccessor(): CoreTransport;
};

/** Asked when a request of ours was answered 401 or 407, with what the shell put for `.parsed`. */
export type CoreCredentials = {
  authenticate(request: CoreOutgoingRequest, challenge: CoreParsedValue): boolean;
  toString(): string;
};

type CoreLogger = { error(): void; warn(): void; log(): void; debug(): void };

type CoreLoggerFactory = { getLogger(): CoreLogger };

export interface CoreUserAgent {
  readonly dialogs: Map<string, unknown>;
  readonly userAgentClients: Map<string, { readonly transaction: CoreTransaction }>;
  readonly userAgentServers: Map<string, { readonly transaction: CoreTransaction }>;
  invite(message: CoreOutgoingRequest, delegate: CoreInviteDelegate): CoreOutgoingInvite;
  /** Any request that is no INVITE. */
  request(message: CoreOutgoingRequest, delegate: CoreRequestDelegate): unknown;
  /** Ours takes its place, see `outgoing-request.ts`. */
  makeOutgoingRequestMessage: (
    method: string,
    requestUri: CoreUri,
    from: CoreUri,
    to: CoreUri,
    options: RequestOptions,
    extraHeaders?: readonly string[],
    body?: CoreBody,
  ) => CoreOutgoingRequest;
  receiveIncomingRequestFromTransport(message: CoreRequest): void;
  receiveIncomingResponseFromTransport(message: CoreResponse): void;
  reset(): void;
}

/** Holds prototypes that `core-faults.ts` mends. */
type CoreClass = { readonly prototype: object };

export type SipCore = {
  readonly URI: new (
    scheme: string,
    user: string,
    host: string,
    port?: number,
    parameters?: CoreParameters,
  ) => CoreUri;
  readonly NameAddrHeader: new (
    uri: CoreUri,
    displayName: string,
    parameters: CoreParameters,
  ) => CoreNameAddr;
  readonly IncomingRequestMessage: CoreClass & (new () => CoreRequest);
  readonly IncomingResponseMessage: CoreClass & (new () => CoreResponse);
  readonly UserAgentCore: new (
    configuration: CoreConfiguration,
    delegate: { onInvite(invite: CoreIncomingInvite): void },
  ) => CoreUserAgent;
  readonly ClientTransaction: CoreClass;
  readonly OutgoingRequestMessage: CoreClass;
  readonly UserAgentClient: CoreClass;
  readonly InviteClientTransaction: CoreClass;
  readonly InviteServerTransaction: CoreClass;
  readonly Timers: { [name: string]: number };
};

/** `core-faults.ts` replaces functions of exactly this version. */
const VERSION = "0.21.2";

// `require`, because the types of the package would be checked with ours wherever it is imported by name.
const require = createRequire(import.meta.url);

function requireVersion(): void {
  // oxlint-disable-next-line no-unsafe-type-assertion -- what a package says of itself
  const { version } = require("sip.js/package.json") as { version: string };
  if (version !== VERSION) {
    throw new Error(
      `sip: sip.js ${VERSION} is asked for because parts of it are replaced, ${version} is installed; run npm ci`,
    );
  }
}

requireVersion();

// oxlint-disable-next-line no-unsafe-type-assertion -- our own types for it, see above
export const sipCore = require("sip.js/lib/core/index.js") as SipCore;

// oxlint-disable-next-line no-unsafe-type-assertion -- the same
const methods = require("sip.js/lib/core/user-agent-core/allowed-methods.js") as { AllowedMethods: string[] };

/** Methods of `Allow`, shared with the core, which answers 405 to any other. */
export const allowedMethods = methods.AllowedMethods;
