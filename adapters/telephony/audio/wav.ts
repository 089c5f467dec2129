import { SAMPLES_PER_MS } from "./g711.ts";

/** The one format that Reveille's prompts and recordings have: 8 kHz, mono, 16 bits, little-endian. */
const SAMPLE_RATE_HZ = 8_000;
export const WAV_HEADER_BYTES = 44;
const FORMAT_PCM = 1;
/** RIFF counts bytes in 32 bits; an hour and a half of a call is far below. */
export const WAV_SAMPLES_MAX = 90 * 60_000 * SAMPLES_PER_MS;

/** The file cannot be played on a telephone as it is; whoever made it must convert it. */
export class WavError extends Error {
  readonly retryable = false;
  override readonly name = "WavError";
}

export function writeWav(samples: Int16Array): Buffer {
  const header = wavHeader(samples.length);
  const data = Buffer.alloc(samples.length * 2);
  for (let i = 0; i < samples.length; i += 1) data.writeInt16LE(samples[i] ?? 0, i * 2);
  return Buffer.concat([header, data]);
}

/** The 44 bytes before `sampleCount` samples; a recorder writes them again when it knows the count. */
export function wavHeader(sampleCount: number): Buffer {
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  const dataBytes = sampleCount * 2;
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(WAV_HEADER_BYTES - 8 + dataBytes, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(FORMAT_PCM, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE_HZ, 24);
  header.writeUInt32LE(SAMPLE_RATE_HZ * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(dataBytes, 40);
  return header;
}

/**
 * The samples of a WAV file. Unknown chunks are skipped. A data chunk that promises more than the file holds is cut
 * at the end of the file: recorders that are killed leave such files. Throws `WavError`.
 */
export function requireWav(file: Buffer): Int16Array {
  if (
    file.length < 12 ||
    file.toString("latin1", 0, 4) !== "RIFF" ||
    file.toString("latin1", 8, 12) !== "WAVE"
  ) {
    throw new WavError("wav: this is no RIFF WAVE file; give 8 kHz mono 16-bit PCM");
  }
  const chunks = wavChunks(file);
  const format = chunks.get("fmt ");
  const data = chunks.get("data");
  if (format === undefined || format.length < 16) throw new WavError("wav: the file has no fmt chunk");
  if (data === undefined) throw new WavError("wav: the file has no data chunk");
  requireTelephoneFormat(format);
  return littleEndianSamples(data);
}

function wavChunks(file: Buffer): ReadonlyMap<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  // Each turn moves at least 8 bytes on, so the loop is bounded by the file.
  for (let at = 12; at + 8 <= file.length; ) {
    const size = file.readUInt32LE(at + 4);
    const name = file.toString("latin1", at, at + 4);
    if (!chunks.has(name)) chunks.set(name, file.subarray(at + 8, Math.min(file.length, at + 8 + size)));
    at += 8 + size + (size & 1);
  }
  return chunks;
}

function requireTelephoneFormat(format: Buffer): void {
  const found = {
    coding: format.readUInt16LE(0),
    channels: format.readUInt16LE(2),
    rateHz: format.readUInt32LE(4),
    bits: format.readUInt16LE(14),
  };
  const fits =
    found.coding === FORMAT_PCM &&
    found.channels === 1 &&
    found.rateHz === SAMPLE_RATE_HZ &&
    found.bits === 16;
  if (!fits)
    throw new WavError(`wav: wanted 8 kHz mono 16-bit PCM, found ${JSON.stringify(found)}; convert it`);
}

function littleEndianSamples(data: Buffer): Int16Array {
  const count = Math.min(data.length >> 1, WAV_SAMPLES_MAX);
  const samples = new Int16Array(count);
  for (let i = 0; i < count; i += 1) samples[i] = data.readInt16LE(i * 2);
  return samples;
}
