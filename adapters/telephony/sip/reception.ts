/** The way of a datagram from the socket to the core: each door may drop it, refuse it or let it on. */
import type { Clock } from "../../../domain/ports/clock.ts";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import { sdpPart } from "../sdp/sdp-part.ts";
import { allowHeader } from "./allow-header.ts";
import type { AnsweredInvites } from "./answered-invites.ts";
import type { Core } from "./create-core.ts";
import { chooseChallenge } from "./digest.ts";
import type { TrackedInvite } from "./outgoing-invite.ts";
import { writeHost } from "./outgoing-text.ts";
import { type ParsedMessage, parseMessage } from "./parse-message.ts";
import { parseNameAddr } from "./parse-name-addr.ts";
import { parseVia } from "./parse-via.ts";
import type { PeerBook } from "./peer-book.ts";
import { writeAckAgain, writeRefusal } from "./refusal.ts";
import { screenRequest } from "./screen.ts";
import type { SipAddress, SipPeer } from "./signalling.ts";
import type { CoreIncomingMessage, CoreRequest, CoreResponse } from "./sip-core.ts";
import { type RawHeaders, SipSyntaxError } from "./sip-syntax-error.ts";
import type { CallRoute, SipTransport } from "./sip-transport.ts";
import { createTokenBucket, type TokenBucket } from "./token-bucket.ts";
import { responseAddress, stampVia } from "./via-stamp.ts";

/** Shorter ones are keep-alives. */
const DATAGRAM_BYTES_MIN = 20;
const RETRY_AFTER_SECONDS = 10;

export type ReceptionPorts = {
  readonly core: Core;
  readonly transport: SipTransport;
  readonly book: PeerBook;
  readonly clock: Clock;
  readonly count: (what: string) => void;
  readonly log: OperatorLog;
  readonly limits: {
    readonly invitesPerSecondMax: number;
    readonly inviteBurstMax: number;
    readonly peerDatagramsPerSecondMax: number;
    readonly peerDatagramBurstMax: number;
    readonly serverTransactionsMax: number;
  };
  /** Call-ID to the other end; new calls are entered here. */
  readonly routes: Map<string, CallRoute>;
  readonly answered: Pick<AnsweredInvites, "onRepeated">;
  readonly inviteOf: (callId: string) => TrackedInvite | undefined;
};

export type Reception = {
  onDatagram(datagram: Buffer, source: SipAddress): void;
  readonly drain: (on: boolean) => void;
};

export function createReception(ports: ReceptionPorts): Reception {
  const { core, transport, book, clock, count, limits, routes } = ports;
  const inviteBucket = createTokenBucket(
    { perSecond: limits.invitesPerSecondMax, burst: limits.inviteBurstMax },
    clock,
  );
  const peerBuckets = new Map<SipPeer, TokenBucket>();
  let draining = false;

  function onDatagram(datagram: Buffer, source: SipAddress): void {
    const peer = book.find(source);
    // Silence: a scanner learns nothing, not even that somebody listens.
    if (peer === null) return count("dropped-stranger");
    if (datagram.length < DATAGRAM_BYTES_MIN) return count("keep-alive");
    if (!bucketOf(peer).take()) return count("dropped-flood");
    const parsed = parse(datagram, peer, source);
    if (parsed === null) return;
    try {
      if (parsed.kind === "response") onResponse(parsed.message, peer);
      else onRequest(parsed, peer, source);
    } catch (error) {
      count("dropped-core-error");
      const { message } = parsed;
      ports.log.error("sip core failed on a message", {
        method: message.method,
        callId: message.callId,
        error,
      });
    }
  }

  function bucketOf(peer: SipPeer): TokenBucket {
    const bucket =
      peerBuckets.get(peer) ??
      createTokenBucket(
        { perSecond: limits.peerDatagramsPerSecondMax, burst: limits.peerDatagramBurstMax },
        clock,
      );
    peerBuckets.set(peer, bucket);
    return bucket;
  }

  function parse(datagram: Buffer, peer: SipPeer, source: SipAddress): ParsedMessage | null {
    try {
      return parseMessage(datagram);
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error;
      count(`malformed-${error.status}`);
      // RFC 3261 8.1.3 and 17: a bad response is dropped, and nobody may answer an ACK.
      if (error.method !== null && error.method !== "ACK") {
        refuse(error.status, error.headers, { peer, source });
      }
      return null;
    }
  }

  function refuse(
    status: number,
    headers: RawHeaders,
    from: { readonly peer: SipPeer; readonly source: SipAddress },
    extraHeaders: readonly string[] = [],
  ): void {
    const [top = "", ...rest] = headers.get("via") ?? [];
    const { via, to } = wayBack(top, from);
    const text = writeRefusal(status, headers, [via, ...rest], extraHeaders);
    if (text === null) return count("dropped-unanswerable");
    count(`refused-${status}`);
    transport.sendOnce(text, to);
  }

  function onResponse(message: CoreResponse, peer: SipPeer): void {
    const route = routes.get(message.callId);
    if (route === undefined || route.peer !== peer) return count("dropped-foreign-response");
    transport.onResponse(message);
    const client = core.agent.userAgentClients.get(message.viaBranch + message.method);
    // The core hands a repeated challenge to the transaction that answers it, and the call fails as if refused.
    if (client !== undefined && client.transaction.id !== message.viaBranch) {
      count("challenge-repeated");
      if (message.method === "INVITE") transport.sendOnce(writeAckAgain(message), route.address);
      return;
    }
    offerChallenge(message, peer);
    if (message.method === "INVITE") {
      completeResponse(message);
      if (client !== undefined && message.headers["Via"]?.length === 1)
        ports.inviteOf(message.callId)?.onResponse(message);
      if (client === undefined && ports.answered.onRepeated(message)) return;
    }
    core.agent.receiveIncomingResponseFromTransport(message);
    // Timer K, without a timer: what is repeated from here on is dropped as nobody's.
    client?.transaction.timerK?.();
  }

  function onRequest(
    parsed: Extract<ParsedMessage, { kind: "request" }>,
    peer: SipPeer,
    source: SipAddress,
  ): void {
    const { message, via } = parsed;
    const from = { peer, source };
    stampTop(message, from);
    const known = core.agent.userAgentServers.has(message.viaBranch);
    if (message.method === "ACK") transport.onAck(message);
    const screened = screenRequest(message, { known, draining, retryAfterSeconds: RETRY_AFTER_SECONDS });
    if (screened.do === "refuse") return refuse(screened.status, rawHeaders(message), from, screened.headers);
    if (isForeign(message, peer)) {
      // Nobody may answer an ACK; a forged one could carry the answer to our offer.
      if (message.method === "ACK") return count("dropped-foreign-ack");
      return refuse(481, rawHeaders(message), from);
    }
    if (message.method === "OPTIONS" && message.toTag === "") {
      return refuse(200, rawHeaders(message), from, [allowHeader(), "Accept: application/sdp"]);
    }
    if (message.method === "INVITE" && message.toTag === "" && !known) {
      if (core.agent.userAgentServers.size >= limits.serverTransactionsMax || !inviteBucket.take()) {
        return refuse(503, rawHeaders(message), from, [`Retry-After: ${RETRY_AFTER_SECONDS}`]);
      }
      addContact(message, source, via.parameters["branch"] ?? "");
    }
    const isNewCall = message.method === "INVITE" && !routes.has(message.callId);
    if (isNewCall) routes.set(message.callId, { peer, address: source });
    unwrapSdp(message);
    core.receive(message);
    // The core refused it without a transaction (482 of a merged request, no Contact): no call, no route.
    if (isNewCall && !core.agent.userAgentServers.has(message.viaBranch)) routes.delete(message.callId);
  }

  /** A request inside a call must come from the call's own peer, whatever tags it has guessed. */
  function isForeign(message: CoreRequest, peer: SipPeer): boolean {
    if (message.method === "OPTIONS") return false;
    const route = routes.get(message.callId);
    // An ACK to a refusal of ours may be of a call that never was one: the core passes over what it doesn't know.
    if (route === undefined) return message.toTag !== "" && message.method !== "ACK";
    return route.peer !== peer;
  }

  return {
    onDatagram,
    drain(on) {
      draining = on;
    },
  };
}

/** Where a refusal goes. A Via that can't be read is the peer's fault: it gets its answer where it sent from. */
function wayBack(
  top: string,
  from: { readonly peer: SipPeer; readonly source: SipAddress },
): { readonly via: string; readonly to: SipAddress } {
  try {
    const via = stampVia(top, from.source, from.peer);
    return { via, to: responseAddress(parseVia(via)) };
  } catch (error) {
    if (!(error instanceof SipSyntaxError)) throw error;
    return { via: top, to: from.source };
  }
}

function stampTop(message: CoreRequest, from: { peer: SipPeer; source: SipAddress }): void {
  const top = message.headers["Via"]?.[0];
  if (top === undefined) return;
  top.raw = stampVia(top.raw, from.source, from.peer);
}

/** What `refuse` needs of a message that was read well. */
function rawHeaders(message: CoreIncomingMessage): RawHeaders {
  const names: readonly [string, string][] = [
    ["via", "Via"],
    ["from", "From"],
    ["to", "To"],
    ["call-id", "Call-ID"],
    ["cseq", "CSeq"],
  ];
  return new Map(names.map(([name, key]) => [name, (message.headers[key] ?? []).map(({ raw }) => raw)]));
}

/** The core looks at the first challenge only: it gets the strongest one of ours, or none. */
function offerChallenge(message: CoreResponse, peer: SipPeer): void {
  const name = CHALLENGES.get(message.statusCode ?? 0);
  if (name === undefined) return;
  const values = message.getHeaders(name);
  const challenge = peer.credentials ? chooseChallenge(values, peer.credentials) : null;
  message.headers[name] =
    challenge === null ? [] : [{ raw: "", parsed: { challenge, stale: challenge.stale } }];
}

const CHALLENGES: ReadonlyMap<number, string> = new Map([
  [401, "WWW-Authenticate"],
  [407, "Proxy-Authenticate"],
]);

/** The core drops a 1xx or 2xx without Contact: no ACK, and the call hangs for ever. Then it is whom we called. */
function completeResponse(message: CoreResponse): void {
  const status = message.statusCode ?? 0;
  const wantsContact = status > 100 && status < 300 && message.headers["Contact"] === undefined;
  if (wantsContact) setContact(message, `<${message.to.uri.toString()}>`);
  unwrapSdp(message);
}

/** RFC 2543 did not ask for a Contact in an INVITE. */
function addContact(message: CoreRequest, source: SipAddress, branch: string): void {
  if (message.headers["Contact"] !== undefined || branch.startsWith("z9hG4bK")) return;
  setContact(message, `<sip:${writeHost(source.host)}:${source.port}>`);
}

function setContact(message: CoreIncomingMessage, raw: string): void {
  message.headers["Contact"] = [{ raw, parsed: parseNameAddr(raw) }];
}

/** The core sees the SDP part of a multipart body, as if it had come alone. */
function unwrapSdp(message: CoreIncomingMessage): void {
  const type = message.getHeader("content-type");
  if (type === undefined || !type.toLowerCase().startsWith("multipart/")) return;
  const sdp = sdpPart(type, message.body);
  if (sdp === null) return;
  message.body = sdp;
  message.headers["Content-Type"] = [{ raw: "application/sdp", parsed: "application/sdp" }];
}
