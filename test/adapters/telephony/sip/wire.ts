import { createSystemClock } from "../../../../adapters/system/clock.ts";
import type { openDatagramSocket } from "../../../../adapters/telephony/sip/datagram-socket.ts";
import { createSipEndpoint, type SipEndpointOptions } from "../../../../adapters/telephony/sip/endpoint.ts";
import type {
  IncomingInvite,
  SipAddress,
  SipEndpoint,
} from "../../../../adapters/telephony/sip/signalling.ts";
import { createFakeOperatorLog, type FakeOperatorLog } from "../../../support/fake-operator-log.ts";

export const CARRIER: SipAddress = { host: "192.0.2.10", port: 5060 };
export const OTHER_CARRIER: SipAddress = { host: "192.0.2.20", port: 5060 };
export const STRANGER: SipAddress = { host: "203.0.113.9", port: 5060 };

export type Sent = { readonly text: string; readonly to: SipAddress };

export type Wire = {
  readonly endpoint: SipEndpoint;
  readonly sent: Sent[];
  readonly invites: IncomingInvite[];
  readonly log: FakeOperatorLog;
  /** A datagram arrives. Line ends may be written as "\n". */
  receive(text: string | Buffer, source?: SipAddress): void;
};

/** An endpoint on a wire without a kernel: what it sends is kept, what it hears is said by the test. */
export async function createWire(options: Partial<SipEndpointOptions> = {}): Promise<Wire> {
  const sent: Sent[] = [];
  const invites: IncomingInvite[] = [];
  const log = createFakeOperatorLog();
  let hear: ((datagram: Buffer, source: SipAddress) => void) | null = null;
  const openSocket: typeof openDatagramSocket = (local, onDatagram) => {
    hear = onDatagram;
    return Promise.resolve({
      local,
      send: (datagram, to) => {
        sent.push({ text: datagram.toString(), to });
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    });
  };
  const endpoint = await createSipEndpoint({
    listenAddress: "192.0.2.1",
    listenPort: 5060,
    transport: "udp",
    peers: [
      { name: "carrier", addresses: [CARRIER.host], pinnedTo: CARRIER, forceRport: false },
      { name: "other", addresses: [OTHER_CARRIER.host], pinnedTo: OTHER_CARRIER, forceRport: false },
    ],
    user: "reveille",
    clock: createSystemClock(),
    log,
    onInvite: (invite) => invites.push(invite),
    openSocket,
    ...options,
  });
  return {
    endpoint,
    sent,
    invites,
    log,
    receive(text, source = CARRIER) {
      hear?.(typeof text === "string" ? Buffer.from(text.replaceAll(/\r?\n/g, "\r\n")) : text, source);
    },
  };
}

export const OFFER = [
  "v=0",
  "o=- 1 1 IN IP4 192.0.2.10",
  "s=-",
  "c=IN IP4 192.0.2.10",
  "t=0 0",
  "m=audio 30000 RTP/AVP 0",
  "",
].join("\r\n");

export type RequestParts = {
  readonly method?: string;
  readonly uri?: string;
  readonly branch?: string;
  readonly via?: string;
  readonly callId?: string;
  readonly fromTag?: string;
  readonly to?: string;
  readonly cseq?: number;
  readonly extra?: readonly string[];
  readonly body?: string;
};

/** A request as a carrier would send it. */
export function request(parts: RequestParts = {}): string {
  const { method = "INVITE", branch = "z9hG4bKtest1", body = method === "INVITE" ? OFFER : "" } = parts;
  return [
    `${method} ${parts.uri ?? "sip:+18005550100@192.0.2.1"} SIP/2.0`,
    `Via: ${parts.via ?? `SIP/2.0/UDP 192.0.2.10:5060;branch=${branch}`}`,
    `From: "Somebody" <sip:+12125550199@192.0.2.10>;tag=${parts.fromTag ?? "caller"}`,
    `To: ${parts.to ?? "<sip:+18005550100@192.0.2.1>"}`,
    `Call-ID: ${parts.callId ?? "call-1"}`,
    `CSeq: ${parts.cseq ?? 1} ${method}`,
    "Contact: <sip:caller@192.0.2.10:5060>",
    "Max-Forwards: 70",
    ...(body === "" ? [] : ["Content-Type: application/sdp"]),
    ...(parts.extra ?? []),
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}

/** The value of a header of a sent message; "" when it has none. */
export function headerOf(text: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, "im").exec(text)?.[1]?.trim() ?? "";
}

/** A response to a request that we sent. */
export function answerTo(sent: Sent, status: string, extra: readonly string[] = [], body = ""): string {
  const to = headerOf(sent.text, "To");
  return [
    `SIP/2.0 ${status}`,
    `Via: ${headerOf(sent.text, "Via")}`,
    `From: ${headerOf(sent.text, "From")}`,
    `To: ${to.includes("tag=") || status.startsWith("100") ? to : `${to};tag=callee`}`,
    `Call-ID: ${headerOf(sent.text, "Call-ID")}`,
    `CSeq: ${headerOf(sent.text, "CSeq")}`,
    ...extra,
    ...(body === "" ? [] : ["Content-Type: application/sdp"]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}
