/** Cuts a stream of bytes into lines, each with its line feed; what follows the last one is a line without. */
import { LINE_BYTES_MAX } from "../../domain/audit/export-file.ts";

const LINE_FEED = 0x0a;

/** A line above the limit: the file is none of ours. */
export class LineTooLongError extends Error {
  readonly retryable = false;
  override readonly name = "LineTooLongError";
}

export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax: number = LINE_BYTES_MAX,
): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      yield joined([...pending, chunk.subarray(from, end + 1)]);
      pending = [];
      length = 0;
      from = end + 1;
    }
    const rest = chunk.subarray(from);
    length += rest.length;
    if (length > lineBytesMax)
      throw new LineTooLongError(`export: a line has more than ${lineBytesMax} bytes; this is no export`);
    if (rest.length > 0) pending.push(rest);
  }
  if (pending.length > 0) yield joined(pending);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
