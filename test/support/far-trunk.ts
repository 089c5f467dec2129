/** The far side of a SIP trunk, for telephone networks that are made up: it takes INVITEs and sends its audio nowhere. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createSystemClock } from "../../adapters/system/clock.ts";
import { createSipEndpoint } from "../../adapters/telephony/sip/endpoint.ts";
import type { IncomingInvite, SipEndpoint } from "../../adapters/telephony/sip/signalling.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";

const LOOPBACK = "127.0.0.1";
const SILENT: OperatorLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Somewhere for the audio of any number of calls to go; nobody listens. */
export type AudioSink = {
  /** The answer to every offer. */
  readonly sdp: string;
  close(): void;
};

export async function openAudioSink(): Promise<AudioSink> {
  const socket = createSocket("udp4");
  socket.bind(0, LOOPBACK);
  await once(socket, "listening");
  const sdp = [
    "v=0",
    `o=- 1 1 IN IP4 ${LOOPBACK}`,
    "s=-",
    `c=IN IP4 ${LOOPBACK}`,
    "t=0 0",
    `m=audio ${socket.address().port} RTP/AVP 0`,
    "a=rtpmap:0 PCMU/8000",
    "",
  ].join("\r\n");
  return { sdp, close: () => void socket.close() };
}

/** On a free port of 127.0.0.1. `peer` names the one who calls, in this endpoint's own words. */
export function openFarTrunk(peer: string, onInvite: (invite: IncomingInvite) => void): Promise<SipEndpoint> {
  return createSipEndpoint({
    listenAddress: LOOPBACK,
    listenPort: 0,
    transport: "udp",
    peers: [{ name: peer, addresses: [LOOPBACK], pinnedTo: null, forceRport: true }],
    user: "guest",
    clock: createSystemClock(),
    log: SILENT,
    onInvite,
  });
}

/** For REVEILLE_TRUNK. */
export function trunkAddress({ local }: SipEndpoint): string {
  return `${LOOPBACK}:${local.port}`;
}

/** Whom they call, with its plus sign whether or not it came with one. */
export function calledNumber({ calledUser }: IncomingInvite): string {
  return `+${calledUser.replace(/^\+/, "")}`;
}
