/** Audio files of documents as clips: RIFF WAVE with 16-bit PCM, mu-law or A-law, mono or stereo, at 8 kHz or a multiple. */
import type { AudioClip } from "../../domain/ports/telephony.ts";

const RATE_HZ = 8_000;
const PCM = 1;
const ALAW = 6;
const MULAW = 7;

/** Ten minutes: longer prompts are refused rather than cut. */
const CLIP_SAMPLES_MAX = RATE_HZ * 600;

/** Null for what is no audio that we can play; the document's alternate content is then spoken instead. */
export function parseAudio(bytes: Uint8Array, contentType: string | null): AudioClip | null {
  if (contentType === "audio/basic") return clipOf([...bytes.values()].map(fromMulaw), 1, RATE_HZ);
  return parseWave(bytes);
}

function parseWave(bytes: Uint8Array): AudioClip | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 12 || tag(view, 0) !== "RIFF" || tag(view, 8) !== "WAVE") return null;
  let format: {
    readonly kind: number;
    readonly channels: number;
    readonly rateHz: number;
    readonly bits: number;
  } | null = null;
  for (let at = 12; at + 8 <= bytes.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag(view, at) === "fmt " && size >= 16 && body + 16 <= bytes.byteLength) {
      format = {
        kind: view.getUint16(body, true),
        channels: view.getUint16(body + 2, true),
        rateHz: view.getUint32(body + 4, true),
        bits: view.getUint16(body + 14, true),
      };
    } else if (tag(view, at) === "data" && format !== null) {
      // Streaming writers leave the length at its largest value.
      const samples = readSamples(view, body, Math.min(size, bytes.byteLength - body), format);
      return samples === null ? null : clipOf(samples, format.channels, format.rateHz);
    }
    at = body + size + (size % 2);
  }
  return null;
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(
    view.getUint8(at),
    view.getUint8(at + 1),
    view.getUint8(at + 2),
    view.getUint8(at + 3),
  );
}

function readSamples(
  view: DataView,
  start: number,
  length: number,
  format: { readonly kind: number; readonly bits: number },
): ArrayLike<number> | null {
  if (format.kind === PCM && format.bits === 16) {
    return Int16Array.from({ length: Math.floor(length / 2) }, (_, index) =>
      view.getInt16(start + index * 2, true),
    );
  }
  const decode = format.kind === MULAW ? fromMulaw : format.kind === ALAW ? fromAlaw : null;
  if (decode === null || format.bits !== 8) return null;
  return Int16Array.from({ length }, (_, index) => decode(view.getUint8(start + index)));
}

/** Averages channels and neighbouring samples: plain, and enough for prompts that telephones will hear. */
function clipOf(samples: ArrayLike<number>, channels: number, rateHz: number): AudioClip | null {
  const step = (rateHz / RATE_HZ) * channels;
  if (channels < 1 || channels > 2 || rateHz < RATE_HZ || !Number.isInteger(step)) return null;
  const length = Math.floor(samples.length / step);
  if (length > CLIP_SAMPLES_MAX) return null;
  const out = new Int16Array(new SharedArrayBuffer(length * 2));
  for (let index = 0; index < length; index += 1) {
    let sum = 0;
    for (let inner = 0; inner < step; inner += 1) sum += samples[index * step + inner] ?? 0;
    out[index] = Math.round(sum / step);
  }
  return { samples: out };
}

// ITU-T G.711.
function fromMulaw(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = (((inverted & 0x0f) << 3) + 0x84) << ((inverted & 0x70) >> 4);
  return (inverted & 0x80) === 0 ? magnitude - 0x84 : 0x84 - magnitude;
}

function fromAlaw(code: number): number {
  const value = code ^ 0x55;
  const exponent = (value & 0x70) >> 4;
  const mantissa = (value & 0x0f) << 4;
  const magnitude = exponent === 0 ? mantissa + 8 : (mantissa + 0x108) << (exponent - 1);
  return (value & 0x80) === 0 ? -magnitude : magnitude;
}
