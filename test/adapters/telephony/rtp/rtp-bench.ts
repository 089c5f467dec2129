import { FRAME_SAMPLES, g711 } from "../../../../adapters/telephony/audio/g711.ts";
import type { PacketSource } from "../../../../adapters/telephony/rtp/receive-check.ts";
import { RTP_HEADER_BYTES, writeRtpHeader } from "../../../../adapters/telephony/rtp/rtp-packet.ts";

export const PEER: PacketSource = { address: "192.0.2.1", port: 4_000 };
export const EVENTS = 101;

export type PacketChange = {
  readonly ssrc?: number;
  readonly payloadType?: number;
  readonly timestamp?: number;
  readonly marker?: boolean;
};

/** Number `n` of a stream of 20 ms µ-law packets. */
export function audioPacket(
  n: number,
  samples: Int16Array | null = null,
  change: PacketChange = {},
): Uint8Array {
  const packet = new Uint8Array(RTP_HEADER_BYTES + FRAME_SAMPLES);
  const { encoded, silence } = g711("PCMU");
  for (let i = 0; i < FRAME_SAMPLES; i += 1) {
    packet[RTP_HEADER_BYTES + i] = samples === null ? silence : (encoded[(samples[i] ?? 0) & 0xffff] ?? 0);
  }
  return headed(packet, n, change);
}

/** A packet of a key: `event` 0 … 15, `duration` in samples. */
export function keyPacket(
  n: number,
  key: { readonly event: number; readonly duration: number; readonly end?: boolean },
  change: PacketChange & { readonly timestamp: number },
): Uint8Array {
  const packet = new Uint8Array(RTP_HEADER_BYTES + 4);
  packet.set(
    [key.event, (key.end === true ? 0x80 : 0) | 10, key.duration >> 8, key.duration & 0xff],
    RTP_HEADER_BYTES,
  );
  return headed(packet, n, { payloadType: EVENTS, ...change });
}

function headed(packet: Uint8Array, n: number, change: PacketChange): Uint8Array {
  writeRtpHeader(packet, {
    marker: false,
    payloadType: 0,
    sequence: n & 0xffff,
    timestamp: (n * FRAME_SAMPLES) >>> 0,
    ssrc: 0xcafe,
    ...change,
  });
  return packet;
}
