/** RTCP as far as a telephone needs it (RFC 3550 6.4 … 6.6): one report about the other side, our name, and a goodbye. */
import { putUint32, uint16, uint32 } from "./rtp-packet.ts";

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const GOODBYE = 203;
const CNAME = 1;
const BLOCK_BYTES = 24;
const SENDER_INFO_BYTES = 20;
const HEADER_AND_SSRC_BYTES = 8;
const RTCP_BYTES_MAX = 1_500;
/** 1900 to 1970, for NTP times. */
const NTP_EPOCH_SECONDS = 2_208_988_800;

/** What a report says of one stream (RFC 3550 6.4.1). */
export type ReportBlock = {
  readonly ssrc: number;
  /** Of the packets since the last report, in 1/256. */
  readonly fractionLost: number;
  /** Since the stream began; negative when packets came twice. */
  readonly lost: number;
  readonly highestSequence: number;
  /** In samples. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report heard, 0: none; and the delay since, in 1/65536 s. */
  readonly lastReport: number;
  readonly delaySinceLast: number;
};

type SenderInfo = {
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  readonly timestamp: number;
  readonly packets: number;
  readonly octets: number;
};

export type Report = {
  readonly ssrc: number;
  /** Null: we sent nothing since the last report. */
  readonly sent: SenderInfo | null;
  readonly block: ReportBlock | null;
  readonly cname: string;
  readonly goodbye: boolean;
};

export function writeReport(report: Report): Buffer {
  const parts = [reportPart(report), sourceDescription(report)];
  if (report.goodbye) parts.push(part(GOODBYE, 1, ssrcBytes(report.ssrc)));
  return Buffer.concat(parts);
}

function reportPart({ ssrc, sent, block }: Report): Buffer {
  const body = [ssrcBytes(ssrc)];
  if (sent !== null) body.push(senderInfo(sent));
  if (block !== null) body.push(blockBytes(block));
  return part(sent === null ? RECEIVER_REPORT : SENDER_REPORT, block === null ? 0 : 1, Buffer.concat(body));
}

function sourceDescription({ ssrc, cname }: Report): Buffer {
  const name = Buffer.from(cname, "latin1").subarray(0, 255);
  // A zero ends the items, and zeros fill the word.
  const items = Buffer.alloc((2 + name.length + 4) & ~3);
  items[0] = CNAME;
  items[1] = name.length;
  name.copy(items, 2);
  return part(SOURCE_DESCRIPTION, 1, Buffer.concat([ssrcBytes(ssrc), items]));
}

function part(type: number, count: number, body: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header[0] = 0x80 | count;
  header[1] = type;
  header.writeUInt16BE(body.length / 4, 2);
  return Buffer.concat([header, body]);
}

function ssrcBytes(ssrc: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(ssrc);
  return bytes;
}

function senderInfo({ wallMs, timestamp, packets, octets }: SenderInfo): Buffer {
  const bytes = Buffer.alloc(SENDER_INFO_BYTES);
  putUint32(bytes, 0, (Math.floor(wallMs / 1_000) + NTP_EPOCH_SECONDS) >>> 0);
  putUint32(bytes, 4, Math.floor(((wallMs % 1_000) / 1_000) * 2 ** 32) >>> 0);
  putUint32(bytes, 8, timestamp);
  putUint32(bytes, 12, packets >>> 0);
  putUint32(bytes, 16, octets >>> 0);
  return bytes;
}

function blockBytes(block: ReportBlock): Buffer {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  const lost = Math.max(-0x80_0000, Math.min(0x7f_ffff, block.lost));
  putUint32(bytes, 0, block.ssrc);
  putUint32(bytes, 4, ((block.fractionLost & 0xff) << 24) | (lost & 0xff_ffff));
  putUint32(bytes, 8, block.highestSequence >>> 0);
  putUint32(bytes, 12, Math.round(block.jitter) >>> 0);
  putUint32(bytes, 16, block.lastReport);
  putUint32(bytes, 20, block.delaySinceLast >>> 0);
  return bytes;
}

/** The middle 32 bits of an NTP time: seconds in 16.16, as a report echoes it. */
export function middleOfNtp(wallMs: number): number {
  return Math.floor((((wallMs / 1_000 + NTP_EPOCH_SECONDS) % 0x1_0000) * 0x1_0000) % 2 ** 32) >>> 0;
}

export type HeardReport = {
  readonly ssrc: number;
  /** Of a sender report: what our next report must echo. */
  readonly middleNtp: number | null;
  readonly blocks: readonly ReportBlock[];
  readonly goodbye: boolean;
};

/** Reads a compound packet; null when it is none (RFC 3550 A.2: a report first, lengths that add up, no padding). */
export function parseRtcp(packet: Uint8Array): HeardReport | null {
  if (packet.length < HEADER_AND_SSRC_BYTES || packet.length > RTCP_BYTES_MAX) return null;
  const first = packet[1] ?? 0;
  if (first !== SENDER_REPORT && first !== RECEIVER_REPORT) return null;
  const parts = compoundParts(packet);
  if (parts === null) return null;
  const fixed = HEADER_AND_SSRC_BYTES + (first === SENDER_REPORT ? SENDER_INFO_BYTES : 0);
  const count = (packet[0] ?? 0) & 0x1f;
  if ((parts[0]?.bytes ?? 0) < fixed + count * BLOCK_BYTES) return null;
  return {
    ssrc: uint32(packet, 4),
    middleNtp: first === SENDER_REPORT ? uint32(packet, 10) : null,
    blocks: Array.from({ length: count }, (_, i) => readBlock(packet, fixed + i * BLOCK_BYTES)),
    goodbye: parts.some(({ type }) => type === GOODBYE),
  };
}

type Part = { readonly type: number; readonly bytes: number };

function compoundParts(packet: Uint8Array): readonly Part[] | null {
  const parts: Part[] = [];
  // Every part is 4 bytes at least, so the packet bounds the loop.
  for (let at = 0; at < packet.length; at += parts.at(-1)?.bytes ?? 4) {
    const versionAndPadding = (packet[at] ?? 0) >> 5;
    const bytes = 4 + 4 * uint16(packet, at + 2);
    if (versionAndPadding !== 0b100 || at + 4 > packet.length || at + bytes > packet.length) return null;
    parts.push({ type: packet[at + 1] ?? 0, bytes });
  }
  return parts;
}

function readBlock(packet: Uint8Array, at: number): ReportBlock {
  const loss = uint32(packet, at + 4);
  return {
    ssrc: uint32(packet, at),
    fractionLost: loss >>> 24,
    lost: (loss << 8) >> 8,
    highestSequence: uint32(packet, at + 8),
    jitter: uint32(packet, at + 12),
    lastReport: uint32(packet, at + 16),
    delaySinceLast: uint32(packet, at + 20),
  };
}
