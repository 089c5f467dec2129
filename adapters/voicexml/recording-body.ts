/** Puts the sound of recordings into a multipart body where the dialog could only write their names. */
import type { FetchBody } from "./dialog/effects.ts";

export function withRecordings(
  body: FetchBody | null,
  recordings: ReadonlyMap<string, Uint8Array>,
): FetchBody | null {
  if (body === null || recordings.size === 0 || !body.contentType.startsWith("multipart/")) return body;
  let bytes = Buffer.from(body.bytes);
  for (const [name, wave] of recordings) bytes = replaceValue(bytes, name, wave);
  return { contentType: body.contentType, bytes };
}

/** The value of a part is the name alone, between its header and the next boundary. */
function replaceValue(bytes: Buffer<ArrayBuffer>, name: string, wave: Uint8Array): Buffer<ArrayBuffer> {
  const sought = Buffer.from(`"\r\n\r\n${name}\r\n`);
  const at = bytes.indexOf(sought);
  if (at < 0) return bytes;
  const header = Buffer.from('"; filename="recording.wav"\r\nContent-Type: audio/x-wav\r\n\r\n');
  return Buffer.concat([
    bytes.subarray(0, at),
    header,
    wave,
    Buffer.from("\r\n"),
    bytes.subarray(at + sought.length),
  ]);
}
