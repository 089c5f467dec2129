/**
 * A guest for the key-to-prompt bench: answers a call, sends silence every 20 ms as telephones do, presses keys as
 * RFC 4733 events, and says when a packet came that is not silence. By hand, so that nothing of ours is in between.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createSystemClock } from "../adapters/system/clock.ts";
import { RTP_HEADER_BYTES, uint16, writeRtpHeader } from "../adapters/telephony/rtp/rtp-packet.ts";
import { createNegotiation } from "../adapters/telephony/sdp/negotiation.ts";
import { createSipEndpoint } from "../adapters/telephony/sip/endpoint.ts";
import { addressBlocks } from "../adapters/telephony/sip/peer-book.ts";
import type { IncomingInvite } from "../adapters/telephony/sip/signalling.ts";
import { benchLog } from "./bench-house.ts";

const LOOPBACK = "127.0.0.1";
const FRAME_MS = 20;
const FRAME_SAMPLES = 160;
/** Five frames of key, the end said three times (RFC 4733 2.5.1.4). */
const KEY_FRAMES = 5;
const END_REPEATS = 3;
const END_AND_VOLUME = 0x80 | 10;
const MU_LAW_SILENCE = 0xff;
const PCMU = 0;

export type RtpGuest = {
  /** "host:port" of its SIP socket. */
  readonly address: string;
  /** Resolves when it was called and has answered. */
  readonly answered: Promise<void>;
  /** Presses one key; resolves when all its packets have left. Answers when the first one did. */
  press(key: number): { readonly firstAtMs: number; readonly done: Promise<void> };
  /** Resolves at the next packet that is not silence, with its arrival. */
  nextSound(): Promise<number>;
  /** Resolves once `packets` packets of silence have come in a row. */
  quietFor(packets: number): Promise<void>;
  close(): Promise<void>;
};

/** Sends what a telephone sends; `events` is the payload type of telephone-event. */
export function createRtpSender(socket: Socket, to: { readonly port: number; readonly events: number }) {
  const silence = Buffer.alloc(RTP_HEADER_BYTES + FRAME_SAMPLES, MU_LAW_SILENCE);
  let sequence = 0;
  let timestamp = 0;
  let pressing = false;

  function send(packet: Buffer, payloadType: number, marker: boolean, at: number): void {
    writeRtpHeader(packet, { marker, payloadType, sequence, timestamp: at, ssrc: 0x5eed });
    sequence = (sequence + 1) & 0xffff;
    socket.send(Buffer.from(packet), to.port, LOOPBACK);
  }

  const beat = setInterval(() => {
    timestamp = (timestamp + FRAME_SAMPLES) >>> 0;
    if (!pressing) send(silence, PCMU, false, timestamp);
  }, FRAME_MS);

  /** At once, not in the rhythm of the audio: a finger doesn't wait for a frame. */
  function press(key: number): { readonly firstAtMs: number; readonly done: Promise<void> } {
    const done = Promise.withResolvers<void>();
    const at = timestamp;
    pressing = true;
    const frame = (index: number): void => {
      const packet = Buffer.alloc(RTP_HEADER_BYTES + 4);
      const ending = index >= KEY_FRAMES - 1;
      packet[RTP_HEADER_BYTES] = key;
      packet[RTP_HEADER_BYTES + 1] = ending ? END_AND_VOLUME : 10;
      packet.writeUInt16BE(Math.min(index + 1, KEY_FRAMES) * FRAME_SAMPLES, RTP_HEADER_BYTES + 2);
      send(packet, to.events, index === 0, at);
      if (index + 1 < KEY_FRAMES + END_REPEATS - 1) {
        setTimeout(() => frame(index + 1), FRAME_MS);
        return;
      }
      pressing = false;
      done.resolve();
    };
    const firstAtMs = performance.now();
    frame(0);
    return { firstAtMs, done: done.promise };
  }

  return { press, stop: () => clearInterval(beat) };
}

/** Listens to what comes: sound or silence, packet by packet. */
export function createRtpEar(socket: Socket): Pick<RtpGuest, "nextSound" | "quietFor"> {
  const onSound: ((atMs: number) => void)[] = [];
  let onQuiet: { readonly packets: number; readonly resolve: () => void }[] = [];
  let quiet = 0;
  socket.on("message", (packet) => {
    const isAudio = packet.length >= RTP_HEADER_BYTES + FRAME_SAMPLES && (uint16(packet, 0) & 0x7f) === PCMU;
    if (!isAudio) return;
    const silent = packet.subarray(RTP_HEADER_BYTES).every((code) => (code | 0x80) === MU_LAW_SILENCE);
    quiet = silent ? quiet + 1 : 0;
    if (!silent) for (const resolve of onSound.splice(0)) resolve(performance.now());
    const waited = onQuiet.filter(({ packets }) => packets <= quiet);
    onQuiet = onQuiet.filter(({ packets }) => packets > quiet);
    for (const { resolve } of waited) resolve();
  });
  return {
    nextSound: () =>
      new Promise((resolve) => {
        onSound.push(resolve);
      }),
    quietFor: (packets) =>
      new Promise((resolve) => {
        onQuiet.push({ packets, resolve });
      }),
  };
}

export async function bindLoopback(): Promise<Socket> {
  const socket = createSocket({ type: "udp4", lookup: (host, _options, done) => done(null, host, 4) });
  // The look-up answers at once, so the socket may be listening before bind returns.
  const listening = once(socket, "listening");
  socket.bind(0, LOOPBACK);
  await listening;
  return socket;
}

export async function startRtpGuest(): Promise<RtpGuest> {
  const socket = await bindLoopback();
  socket.on("error", () => undefined);
  const ear = createRtpEar(socket);
  const answered = Promise.withResolvers<void>();
  let sender: ReturnType<typeof createRtpSender> | null = null;
  const rules = { allowed: addressBlocks(["127.0.0.0/8"], "the bench's trunk"), allowLoopback: true };
  const { port } = socket.address();

  function take(invite: IncomingInvite): void {
    const negotiation = createNegotiation({
      address: LOOPBACK,
      port,
      sessionId: 1,
      rules,
      sourceCheck: "strict",
    });
    const ours = negotiation.answer(invite.sdp ?? "");
    if (!ours.ok || ours.agreement.sendEventsAs === null) {
      invite.reject(488);
      answered.reject(new Error("bench: the offer has no telephone-event"));
      return;
    }
    invite.ring();
    invite.answer(ours.sdp);
    sender = createRtpSender(socket, {
      port: ours.agreement.remotePort,
      events: ours.agreement.sendEventsAs,
    });
    answered.resolve();
  }

  const endpoint = await createSipEndpoint({
    listenAddress: LOOPBACK,
    listenPort: 0,
    transport: "udp",
    peers: [{ name: "house", addresses: ["127.0.0.0/8"], pinnedTo: null, forceRport: true }],
    user: "guest",
    clock: createSystemClock(),
    log: benchLog,
    onInvite: take,
  });
  return {
    ...ear,
    address: `${endpoint.local.host}:${endpoint.local.port}`,
    answered: answered.promise,
    press(key) {
      if (sender === null) throw new Error("bench: a key before the call");
      return sender.press(key);
    },
    async close() {
      sender?.stop();
      await endpoint.close();
      socket.close();
    },
  };
}
