import type { Digit, PlayEnd } from "../../../domain/ports/telephony.ts";
import { dtmfTone } from "../audio/dtmf-tone.ts";
import { encodeG711, FRAME_SAMPLES, type G711 } from "../audio/g711.ts";
import { createClipPlayer, type Play } from "./clip-player.ts";
import { EVENT_BYTES } from "./key-receiver.ts";
import { createKeySender, isEventFrame, isToneFrame, type KeyFrame, writeEvent } from "./key-sender.ts";
import { RTP_HEADER_BYTES, writeRtpHeader } from "./rtp-packet.ts";

type SendFormat = {
  readonly law: G711;
  readonly payloadType: number;
  /** Null: the peer takes no events, so keys go out as tones. */
  readonly events: number | null;
};

/** The RTP that we send on one call: a packet each 20 ms, of a prompt, a key, or silence. */
export interface SendStream {
  format(format: SendFormat): void;
  play(play: Play): void;
  stop(why: PlayEnd["why"]): void;
  /** The customer pressed a key: a prompt that yields to keys ends now. */
  onKey(): void;
  /** False when too many keys are waiting. */
  press(keys: readonly Digit[], onSent: () => void): boolean;
  /** This frame's packet; its bytes stay untouched for three more frames. Null before `format`. */
  next(): Uint8Array | null;
  /** Frames that no packet was sent for: the timestamp must not stand still. */
  skip(frames: number): void;
  /** Everything waiting ends. */
  close(): void;
  /** Nothing but silence to send. */
  readonly idle: boolean;
  readonly ssrc: number;
  readonly packets: number;
  readonly octets: number;
  readonly timestamp: number;
}

// A datagram that the kernel cannot take at once is sent later from the same bytes: they must not change meanwhile.
const PACKET_BUFFERS = 4;

type PacketBuffer = { readonly audio: Uint8Array; readonly event: Uint8Array };

/** `random32` answers unsigned 32-bit numbers (RFC 3550 5.1: SSRC, sequence and timestamp begin at random). */
export function createSendStream(random32: () => number): SendStream {
  const buffers = Array.from({ length: PACKET_BUFFERS }, newPacketBuffer);
  const prompt = createClipPlayer();
  const keys = createKeySender();
  const ssrc = random32();
  let format: SendFormat | null = null;
  let sequence = random32() & 0xffff;
  let timestamp = random32();
  let keyBeganAt = timestamp;
  let packets = 0;
  let octets = 0;
  let silent = true;

  function header(packet: Uint8Array, payloadType: number, marker: boolean, at: number): void {
    writeRtpHeader(packet, { marker, payloadType, sequence, timestamp: at >>> 0, ssrc });
  }

  function audioPacket({ law, payloadType }: SendFormat, packet: Uint8Array): Uint8Array {
    const sounds = prompt.next(law, packet, RTP_HEADER_BYTES);
    if (!sounds) packet.fill(law.silence, RTP_HEADER_BYTES);
    header(packet, payloadType, sounds && silent, timestamp);
    silent = !sounds;
    return packet;
  }

  function tonePacket({ law, payloadType }: SendFormat, packet: Uint8Array, key: KeyFrame): Uint8Array {
    const source = { samples: dtmfTone(key.key), from: key.frame * FRAME_SAMPLES, count: FRAME_SAMPLES };
    encodeG711(law, source, { bytes: packet, at: RTP_HEADER_BYTES });
    header(packet, payloadType, silent, timestamp);
    silent = false;
    return packet;
  }

  function silentPacket({ law, payloadType }: SendFormat, packet: Uint8Array): Uint8Array {
    packet.fill(law.silence, RTP_HEADER_BYTES);
    header(packet, payloadType, false, timestamp);
    silent = true;
    return packet;
  }

  /** All packets of a key carry the timestamp of its beginning (RFC 4733 2.2.1), the first one the marker. */
  function eventPacket(events: number, packet: Uint8Array, key: KeyFrame): Uint8Array {
    // Kept, not counted back from now: frames that were skipped in its middle would make it another key.
    if (key.frame === 0) keyBeganAt = timestamp;
    writeEvent(packet, RTP_HEADER_BYTES, key);
    header(packet, events, key.frame === 0, keyBeganAt);
    silent = true;
    return packet;
  }

  function packetOf(wanted: SendFormat, buffer: PacketBuffer): Uint8Array {
    const key = keys.next();
    if (key === null) return audioPacket(wanted, buffer.audio);
    if (wanted.events !== null && isEventFrame(key)) return eventPacket(wanted.events, buffer.event, key);
    if (wanted.events === null && isToneFrame(key)) return tonePacket(wanted, buffer.audio, key);
    return silentPacket(wanted, buffer.audio);
  }

  return {
    format(wanted) {
      format = wanted;
      silent = true;
    },
    play: (play) => prompt.start(play),
    stop: (why) => prompt.stop(why),
    onKey: () => prompt.onKey(),
    press: (digits, onSent) => keys.press(digits, onSent),
    next() {
      const buffer = buffers[packets % PACKET_BUFFERS];
      if (format === null || buffer === undefined) return null;
      const packet = packetOf(format, buffer);
      sequence = (sequence + 1) & 0xffff;
      timestamp = (timestamp + FRAME_SAMPLES) >>> 0;
      packets += 1;
      octets += packet.length - RTP_HEADER_BYTES;
      return packet;
    },
    skip(frames) {
      timestamp = (timestamp + frames * FRAME_SAMPLES) >>> 0;
    },
    close() {
      prompt.stop("hangup");
      keys.clear();
    },
    get idle() {
      return prompt.idle && keys.idle;
    },
    get ssrc() {
      return ssrc;
    },
    get packets() {
      return packets;
    },
    get octets() {
      return octets;
    },
    get timestamp() {
      return timestamp;
    },
  };
}

function newPacketBuffer(): PacketBuffer {
  return {
    audio: new Uint8Array(RTP_HEADER_BYTES + FRAME_SAMPLES),
    event: new Uint8Array(RTP_HEADER_BYTES + EVENT_BYTES),
  };
}
