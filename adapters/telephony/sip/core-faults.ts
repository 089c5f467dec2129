/**
 * What has to be mended inside sip.js 0.21.2 itself, once per process. Everything else that is wrong with it is
 * kept from it by the shell around it (parser, screen, transport). Faults are numbered as in the tests beside
 * this file, `core-faults.test.ts`: one test each.
 */
import { coreName } from "./core-name.ts";
import { newBranch } from "./random-token.ts";
import {
  allowedMethods,
  type CoreHeaderValue,
  type CoreOutgoingRequest,
  type CoreParsedValue,
  type CoreResponse,
  sipCore,
} from "./sip-core.ts";

/**
 * RFC 3261 17, table 4, for UDP; the core has zero, which is right for reliable transports only. Timer K stays zero:
 * all it does is to absorb repeated responses, and reception drops those that nobody waits for anyway.
 */
const UDP_TIMERS = { TIMER_D: 32_000, TIMER_I: 5_000, TIMER_J: 32_000, TIMER_K: 0 };

const OUR_METHODS: readonly string[] = [
  "INVITE",
  "ACK",
  "CANCEL",
  "BYE",
  "OPTIONS",
  "INFO",
  "NOTIFY",
  "PRACK",
  "REFER",
];

type ClientTransactionSelf = {
  readonly transport: { readonly protocol: string };
  readonly ackRetransmissionCache: Map<string, CoreOutgoingRequest>;
  send(text: string): Promise<void>;
};

function transactionBranch(request: CoreOutgoingRequest): string {
  // RFC 3261 9.1: a CANCEL has the branch of what it cancels.
  if (request.method === "CANCEL" && request.branch !== undefined) return request.branch;
  return newBranch();
}

function sendAck(this: ClientTransactionSelf, ack: CoreOutgoingRequest): void {
  if (ack.toTag === undefined) throw new Error("sip: an ACK was asked for before the answer had a tag");
  ack.setViaHeader(newBranch(), this.transport.protocol);
  this.ackRetransmissionCache.set(ack.toTag, ack);
  // A lost ACK is repeated when the 200 is; the transport has counted the error.
  this.send(ack.toString()).catch(() => undefined);
}

type ClientSelf = {
  readonly message: CoreOutgoingRequest;
  readonly core: { readonly dialogs: ReadonlyMap<string, unknown> };
};
type Guard = (this: ClientSelf, response: CoreResponse, dialog?: unknown) => boolean;

/** Fault 17: a challenged request inside a call got the next CSeq, and so did the request after it. */
function guardWithDialog(guard: Guard): Guard {
  return function authenticationGuard(response, dialog) {
    const { callId, fromTag, toTag } = this.message;
    const found = toTag === undefined ? undefined : this.core.dialogs.get(callId + fromTag + toTag);
    return guard.call(this, response, dialog ?? found);
  };
}

type Headers = { readonly headers: Readonly<Record<string, readonly CoreHeaderValue[]>> };

/**
 * Fault 30: the core's `parseHeader` runs its grammar where our parser left nothing. And it spells each name anew at
 * every look-up, which is four or five times a message.
 */
const LOOK_UPS = {
  getHeader(this: Headers, name: string): string | undefined {
    return this.headers[coreName(name)]?.[0]?.raw;
  },
  getHeaders(this: Headers, name: string): string[] {
    return this.headers[coreName(name)]?.map(({ raw }) => raw) ?? [];
  },
  hasHeader(this: Headers, name: string): boolean {
    return this.headers[coreName(name)] !== undefined;
  },
  parseHeader(this: Headers, name: string, index = 0): CoreParsedValue | undefined {
    return this.headers[coreName(name)]?.[index]?.parsed;
  },
};

let mended = false;

/** Harmless when repeated. */
export function mendSipCore(): void {
  if (mended) return;
  mended = true;
  wrap(sipCore.UserAgentClient.prototype, "authenticationGuard", guardWithDialog);
  Object.assign(sipCore.Timers, UDP_TIMERS);
  Object.assign(sipCore.IncomingRequestMessage.prototype, LOOK_UPS);
  Object.assign(sipCore.IncomingResponseMessage.prototype, LOOK_UPS);
  // Fault 6: branches were drawn from 10^7; two equal ones hand one call's response to another.
  Object.assign(sipCore.ClientTransaction, { makeId: transactionBranch });
  Object.assign(sipCore.InviteClientTransaction.prototype, { ackResponse: sendAck });
  allowedMethods.splice(0, allowedMethods.length, ...OUR_METHODS);
}

/** Puts `make(the core's own function)` in its place. */
function wrap<Found>(prototype: object, name: string, make: (found: Found) => Found): void {
  // oxlint-disable-next-line no-unsafe-type-assertion -- the core of this very version has it
  Reflect.set(prototype, name, make(Reflect.get(prototype, name) as Found));
}
