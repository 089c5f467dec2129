/**
 * A SIP user agent on one UDP socket: our own shell (allow-list, parser, screen, limits, timers, routing) around
 * the core of sip.js (dialogs and transactions). Every datagram passes the same doors in the same order; a
 * stranger's is not even read.
 */
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { Clock } from "../../../domain/ports/clock.ts";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import { allowHeader } from "./allow-header.ts";
import { createAnsweredInvites } from "./answered-invites.ts";
import { createCore } from "./create-core.ts";
import { openDatagramSocket } from "./datagram-socket.ts";
import { createExpiryQueue } from "./expiry-queue.ts";
import { receiveInvite, writeHeader } from "./incoming-invite.ts";
import { sendInvite, type TrackedInvite } from "./outgoing-invite.ts";
import { requireOneLine, writeHost } from "./outgoing-text.ts";
import { createPeerBook } from "./peer-book.ts";
import { newToken } from "./random-token.ts";
import { createReception } from "./reception.ts";
import { GIVE_UP_MS } from "./retransmission.ts";
import {
  type IncomingInvite,
  type InviteHandlers,
  type InviteRequest,
  type SipAddress,
  type SipEndpoint,
  type SipPeer,
  type SipTarget,
  SipTargetError,
} from "./signalling.ts";
import {
  type CoreIncomingInvite,
  type CoreOutgoingRequest,
  type CoreResponse,
  type CoreUri,
} from "./sip-core.ts";
import { type CallRoute, createSipTransport } from "./sip-transport.ts";
import { createSipUri } from "./text-uri.ts";

export type SipEndpointOptions = {
  /** Literal IPv4 or IPv6 address; it also stands in Via and Contact, so 0.0.0.0 is refused. */
  readonly listenAddress: string;
  /** 0: any free port. */
  readonly listenPort: number;
  readonly transport: "udp";
  readonly peers: readonly SipPeer[];
  /** User part of our Contact. */
  readonly user: string;
  readonly clock: Clock;
  readonly log: OperatorLog;
  /** Asked about each new call. Ring, answer or reject it now or later. */
  readonly onInvite: (invite: IncomingInvite) => void;
  readonly limits?: Partial<SipLimits>;
  /** For tests: true loses the datagram. */
  readonly lose?: (direction: "in" | "out") => boolean;
  /** For tests: a wire without a kernel. */
  readonly openSocket?: typeof openDatagramSocket;
};

export type SipLimits = {
  /** New incoming calls; above it 503 with Retry-After, without state. */
  readonly invitesPerSecondMax: number;
  readonly inviteBurstMax: number;
  /** Datagrams of one peer; above it they are dropped unread. */
  readonly peerDatagramsPerSecondMax: number;
  readonly peerDatagramBurstMax: number;
  /** Live server transactions; the core's search for merged requests walks all of them. */
  readonly serverTransactionsMax: number;
};

const DEFAULT_LIMITS: SipLimits = {
  invitesPerSecondMax: 100,
  inviteBurstMax: 200,
  peerDatagramsPerSecondMax: 5_000,
  peerDatagramBurstMax: 10_000,
  serverTransactionsMax: 4_096,
};

const SENT = Promise.resolve();
// What is still said after the end: repeats of BYE, ACKs to repeated 200s.
const ROUTE_KEPT_MS = GIVE_UP_MS + 1_000;

/** Binds the socket. Throws with what to do when it cannot. */
export async function createSipEndpoint(options: SipEndpointOptions): Promise<SipEndpoint> {
  if (/^(?:0\.0\.0\.0|::)$/.test(options.listenAddress)) {
    throw new Error(
      "sip: listen address is no address that a peer can send to; give one of this machine's own",
    );
  }
  const { clock, log } = options;
  const book = createPeerBook(options.peers);
  const counters = new Map<string, number>();
  const routes = new Map<string, CallRoute>();
  const invites = new Map<string, TrackedInvite>();
  const forgetting = createExpiryQueue<string>(clock, milliseconds(ROUTE_KEPT_MS), (callId) =>
    routes.delete(callId),
  );
  let closed = false;

  const count = (what: string): void => void counters.set(what, (counters.get(what) ?? 0) + 1);

  function forget(callId: string): void {
    if (!closed) forgetting.add(callId);
  }

  const socket = await (options.openSocket ?? openDatagramSocket)(
    { host: options.listenAddress, port: options.listenPort },
    (datagram, source) => {
      if (closed || options.lose?.("in") === true) return;
      reception.onDatagram(datagram, source);
    },
    (error) => log.warn("sip socket error", { error: error.message }),
  );
  const lossy = {
    send: (datagram: Buffer, to: SipAddress): Promise<void> =>
      closed || options.lose?.("out") === true ? SENT : socket.send(datagram, to),
  };
  const transport = createSipTransport({
    socket: lossy,
    book,
    clock,
    count,
    routeOf: (callId) => routes.get(callId),
    known: (text) => core.writer.known(text),
    isServing: (key) => core.agent.userAgentServers.get(key)?.transaction.request.method === "INVITE",
  });
  const core = createCore(socket.local, options.user, transport, {
    onInvite: (received) => offer(received),
    credentialsOf: (callId) => routes.get(callId)?.peer.credentials ?? null,
  });
  const answered = createAnsweredInvites({
    clock,
    writer: core.writer,
    protocol: transport.protocol,
    // Lost, it is sent again with the next 200.
    send: (text) => void transport.send(text).catch(() => undefined),
  });
  const reception = createReception({
    core,
    transport,
    book,
    clock,
    count,
    log,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    routes,
    inviteOf: (callId) => invites.get(callId),
    answered,
  });

  function offer(received: CoreIncomingInvite): void {
    const { callId } = received.message;
    const route = routes.get(callId);
    if (route === undefined) return void received.reject({ statusCode: 481 });
    options.onInvite(
      receiveInvite({
        invite: received,
        peer: route.peer.name,
        contactHeader: core.contactHeader,
        onOver: () => forget(callId),
      }),
    );
  }

  function writeInvite(request: InviteRequest, callId: string): CoreOutgoingRequest {
    const target = addressOf(request.target);
    const from = addressOf({ ...request.from, port: undefined });
    const extraHeaders = [core.contactHeader, allowHeader(), ...(request.headers ?? []).map(writeHeader)];
    return core.agent.makeOutgoingRequestMessage(
      "INVITE",
      target,
      from,
      target,
      { callId, fromTag: newToken() },
      extraHeaders,
      { contentDisposition: "session", contentType: "application/sdp", content: request.sdp },
    );
  }

  function requirePeer(target: SipAddress): SipPeer {
    const peer = book.find(target);
    if (peer !== null) return peer;
    throw new SipTargetError(
      `sip: ${target.host} is asked for and is no peer's address; add it to the trunk`,
    );
  }

  async function ask(target: SipTarget): Promise<number | null> {
    const peer = requirePeer(target);
    const callId = newToken();
    const to = addressOf(target);
    const from = addressOf({ user: options.user, host: socket.local.host, port: undefined });
    const { promise, resolve } = Promise.withResolvers<number | null>();
    routes.set(callId, { peer, address: { host: target.host, port: target.port } });
    const settle = ({ message }: { readonly message: CoreResponse }): void =>
      resolve(message.hasHeader("via") ? (message.statusCode ?? null) : null);
    const message = core.writer.make("OPTIONS", to, from, to, { callId, fromTag: newToken() }, [
      core.contactHeader,
    ]);
    core.agent.request(message, { onAccept: settle, onReject: settle, onRedirect: settle });
    const status = await promise;
    forget(callId);
    return status;
  }

  function invite(request: InviteRequest, handlers: InviteHandlers): TrackedInvite {
    const { target } = request;
    const peer = requirePeer(target);
    const callId = newToken();
    const message = writeInvite(request, callId);
    routes.set(callId, { peer, address: { host: target.host, port: target.port } });
    const tracked = sendInvite({
      callId,
      peer: peer.name,
      handlers,
      clock,
      contactHeader: core.contactHeader,
      send: (delegate) => core.agent.invite(message, delegate),
      onAnswered: (branch, ack) => answered.enter(branch, ack),
      onSettled: () => invites.delete(callId),
      onOver: () => forget(callId),
    });
    invites.set(callId, tracked);
    return tracked;
  }

  return {
    local: socket.local,
    invite,
    ask,
    drain: reception.drain,
    counters: () => counters,
    liveCount: () =>
      core.agent.dialogs.size +
      core.agent.userAgentClients.size +
      core.agent.userAgentServers.size +
      answered.size(),
    settled: (patience) => transport.settled(patience),
    async close() {
      if (closed) return;
      closed = true;
      transport.clear();
      forgetting.clear();
      answered.clear();
      try {
        core.agent.reset();
      } catch (error) {
        // It can throw on a dialog that was half made; the process is about to let go of all of them.
        log.warn("sip core did not reset", { error: String(error) });
      }
      await socket.close();
    },
  };
}

function addressOf(address: { user: string; host: string; port: number | undefined }): CoreUri {
  const user = requireOneLine(address.user, "the user part of an address");
  return createSipUri(user, writeHost(requireOneLine(address.host, "a host")), address.port);
}
