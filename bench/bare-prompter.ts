/**
 * The floor of key-to-prompt, in a process of its own as the telephony server is: one socket, a packet every
 * 20 ms, and the tone begins with the first packet after a key. No jitter buffer, no dialog, no threads.
 */
import { RTP_HEADER_BYTES, writeRtpHeader } from "../adapters/telephony/rtp/rtp-packet.ts";
import { bindLoopback } from "./rtp-guest.ts";

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;
const TONE_FRAMES = 5;
const MU_LAW_SILENCE = 0xff;
const MU_LAW_LOUD = 0x90;
const BARE_EVENTS = 101;

const socket = await bindLoopback();
const packet = Buffer.alloc(RTP_HEADER_BYTES + FRAME_SAMPLES);
let guestPort = 0;
let lastKeyAt: number | null = null;
let toneLeft = 0;
let frames = 0;

socket.on("message", (heard, from) => {
  guestPort = from.port;
  if (((heard[1] ?? 0) & 0x7f) !== BARE_EVENTS) return;
  const at = heard.readUInt32BE(4);
  // One key has one timestamp.
  if (at !== lastKeyAt) toneLeft = TONE_FRAMES;
  lastKeyAt = at;
});

const beat = setInterval(() => {
  if (guestPort === 0) return;
  frames += 1;
  writeRtpHeader(packet, {
    marker: false,
    payloadType: 0,
    sequence: frames & 0xffff,
    timestamp: (frames * FRAME_SAMPLES) >>> 0,
    ssrc: 1,
  });
  packet.fill(toneLeft > 0 ? MU_LAW_LOUD : MU_LAW_SILENCE, RTP_HEADER_BYTES);
  toneLeft = Math.max(0, toneLeft - 1);
  socket.send(packet, guestPort, "127.0.0.1");
}, FRAME_MS);

process.on("disconnect", () => {
  clearInterval(beat);
  socket.close();
});
process.send?.(socket.address().port);
