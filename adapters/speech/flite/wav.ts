export type Wav = { readonly rateHz: number; readonly samples: Int16Array };

const HEADER_BYTES = 44;
const RATE_OFFSET = 24;

/** Reads the mono 16-bit WAV that flite writes; null for anything else. */
export function parseWav(bytes: Uint8Array): Wav | null {
  if (bytes.length < HEADER_BYTES || text(bytes, 0) !== "RIFF" || text(bytes, 8) !== "WAVE") return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mono = view.getUint16(22, true) === 1 && view.getUint16(34, true) === 16;
  if (!mono) return null;
  const samples = new Int16Array((bytes.length - HEADER_BYTES) >> 1);
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = view.getInt16(HEADER_BYTES + index * 2, true);
  }
  return { rateHz: view.getUint32(RATE_OFFSET, true), samples };
}

function text(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
