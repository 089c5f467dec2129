import { type FileHandle, open } from "node:fs/promises";
import { WAV_HEADER_BYTES, WAV_SAMPLES_MAX, wavHeader } from "../audio/wav.ts";

/** A second of frames is written at once. */
const SAMPLES_PER_WRITE = 8_000;

/**
 * Writes what is heard to a WAV file as it comes: 8 kHz, mono, 16 bits. Until `finish` its header says "empty", yet
 * players that read to the end of the file find the sound even after a crash. At 90 minutes it stops.
 */
export interface WavRecorder {
  write(frame: Int16Array): void;
  /** Everything is on disk. Throws the first error of writing. */
  finish(): Promise<void>;
}

/** Makes or empties the file. Should that fail, `finish` says so. */
export function createWavRecorder(path: string): WavRecorder {
  let waiting: Int16Array[] = [];
  let waitingSamples = 0;
  let samples = 0;
  let position = WAV_HEADER_BYTES;
  // A failure is told by finish(), not as an unhandled rejection meanwhile.
  let failure: unknown = null;
  let writing: Promise<FileHandle | null> = openEmpty(path).catch((error: unknown) => {
    failure = error;
    return null;
  });

  function append(data: Buffer, at: number): void {
    writing = writing.then(async (file) => {
      if (file === null || failure !== null) return file;
      await file.write(data, 0, data.length, at).catch((error: unknown) => {
        failure = error;
      });
      return file;
    });
  }

  function flush(): void {
    const data = littleEndian(waiting, waitingSamples);
    waiting = [];
    waitingSamples = 0;
    append(data, position);
    position += data.length;
  }

  return {
    write(frame) {
      if (samples + frame.length > WAV_SAMPLES_MAX) return;
      waiting.push(frame.slice());
      waitingSamples += frame.length;
      samples += frame.length;
      if (waitingSamples >= SAMPLES_PER_WRITE) flush();
    },
    async finish() {
      flush();
      append(wavHeader(samples), 0);
      const file = await writing;
      await file?.close();
      if (failure === null) return;
      throw new Error("phone: the recording could not be written; give a folder that exists", {
        cause: failure,
      });
    },
  };
}

async function openEmpty(path: string): Promise<FileHandle> {
  const file = await open(path, "w");
  await file.write(wavHeader(0), 0, undefined, 0);
  return file;
}

function littleEndian(frames: readonly Int16Array[], total: number): Buffer {
  const data = Buffer.alloc(total * 2);
  let at = 0;
  for (const frame of frames) {
    for (const sample of frame) {
      data.writeInt16LE(sample, at);
      at += 2;
    }
  }
  return data;
}
