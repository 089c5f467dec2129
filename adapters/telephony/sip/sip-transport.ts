/**
 * Between the core, which writes texts and knows no destination, and the socket. Decides where each text goes
 * and which are repeated.
 */
import type { Milliseconds } from "../../../domain/kernel/time.ts";
import type { Clock } from "../../../domain/ports/clock.ts";
import type { DatagramSocket } from "./datagram-socket.ts";
import { type OutgoingText, readOutgoing } from "./outgoing-text.ts";
import type { PeerBook } from "./peer-book.ts";
import { createRetransmission, type Repeated } from "./retransmission.ts";
import type { SipAddress, SipPeer } from "./signalling.ts";
import type { CoreRequest, CoreResponse, CoreTransport } from "./sip-core.ts";
import { responseAddress } from "./via-stamp.ts";

/** Who is at the other end of a call, and the address that its first message went to or came from. */
export type CallRoute = { readonly peer: SipPeer; readonly address: SipAddress };

export type SipTransport = CoreTransport & {
  /** A text of ours that is never repeated: stateless refusals. */
  sendOnce(text: string, to: SipAddress): void;
  /** Ends the repeats that a response answers. */
  onResponse(message: CoreResponse): void;
  /** Ends the repeats of our refusal that an ACK answers. */
  onAck(message: CoreRequest): void;
  /** Resolves when nothing waits to be repeated any more, or after `patience`. */
  settled(patience: Milliseconds): Promise<void>;
  clear(): void;
};

export type TransportPorts = {
  readonly socket: Pick<DatagramSocket, "send">;
  readonly book: PeerBook;
  readonly clock: Clock;
  readonly count: (what: string) => void;
  /** Of a text that we have just written ourselves: it need not be read. */
  readonly known: (text: string) => OutgoingText | null;
  readonly routeOf: (callId: string) => CallRoute | undefined;
  /** Whether the core has an INVITE server transaction of this key: only its refusals are repeated. */
  readonly isServing: (key: string) => boolean;
};

const DEFAULT_PORT = 5060;

export function createSipTransport(ports: TransportPorts): SipTransport {
  const retransmission = createRetransmission(ports.clock, ports.count);

  function send(text: string): Promise<void> {
    try {
      return sendTo(text, ports.known(text) ?? readOutgoing(text));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async function failed(error: unknown, repeated: { key: string } | null): Promise<never> {
    if (repeated !== null) retransmission.stop(repeated.key);
    throw error;
  }

  function sendTo(text: string, outgoing: OutgoingText): Promise<void> {
    const to =
      outgoing.via === null || outgoing.status === null
        ? requestAddress(outgoing)
        : responseAddress(outgoing.via);
    const datagram = Buffer.from(text);
    const repeated = repeatOf(outgoing);
    if (repeated !== null) {
      retransmission.arm(repeated.key, repeated.kind, () => void sendQuietly(datagram, to));
    }
    return ports.socket.send(datagram, to).catch((error: unknown) => failed(error, repeated));
  }

  async function sendQuietly(datagram: Buffer, to: SipAddress): Promise<void> {
    try {
      await ports.socket.send(datagram, to);
    } catch {
      ports.count("send-failed");
    }
  }

  // A peer's Contact or Record-Route must not make us send to whomever it likes: pinned to its own addresses.
  function requestAddress({ callId, nextHop }: OutgoingText): SipAddress {
    const route = ports.routeOf(callId);
    if (route === undefined)
      throw new Error("sip: a request of a call that is over; the core keeps it too long");
    if (nextHop !== null && ports.book.holds(route.peer, nextHop.host)) return nextHop;
    ports.count("pinned");
    return route.peer.pinnedTo ?? route.address;
  }

  function repeatOf({ status, method, branch, via }: OutgoingText): { key: string; kind: Repeated } | null {
    if (status === null) {
      if (method === "ACK") return null;
      return { key: branch + method, kind: method === "INVITE" ? "invite" : "request" };
    }
    if (method !== "INVITE" || status < 300 || via === null) return null;
    const key = `${branch}|${via.host}:${via.port ?? DEFAULT_PORT}`;
    return ports.isServing(key) ? { key, kind: "response" } : null;
  }

  return {
    protocol: "UDP",
    send,
    sendOnce: (text, to) => void sendQuietly(Buffer.from(text), to),
    onResponse(message) {
      const key = message.viaBranch + message.method;
      const provisional = (message.statusCode ?? 0) < 200;
      if (provisional && message.method !== "INVITE") retransmission.slow(key);
      else retransmission.stop(key);
    },
    onAck: (message) => retransmission.stop(message.viaBranch),
    settled: retransmission.settled,
    clear: retransmission.clear,
  };
}
