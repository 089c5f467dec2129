/**
 * What kafkajs needs before it may be used: no timer that turns for nothing, zstd, and to read whatever else a
 * broker may hand out. All of it reaches into the
 * package, so they hold for one version only; another is refused until somebody has looked at it.
 */
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib";
import kafkajs from "kafkajs";
import { unpackLz4 } from "./lz4.ts";
import { unpackSnappy } from "./snappy.ts";

export const KAFKAJS_VERSION = "2.2.4";

/** The installed kafkajs is not the one that was examined: pin the version, or examine the new one. */
export class UnknownKafkajsError extends Error {
  readonly retryable = false;
  override readonly name = "UnknownKafkajsError";
}

export type PendingQueue = { readonly pending: readonly unknown[]; readonly throttledUntil: number };
type QueuePrototype = { scheduleCheckPendingRequests: (this: PendingQueue) => void };

/**
 * A few kilobytes take 0.04 ms to compress, and on a busy machine many times that to be handed to a thread and
 * back, for each batch of a commit in turn. What is larger must not keep the event loop.
 */
const COMPRESS_HERE_BYTES_MAX = 16_384;
/** The same for reading, of what goes in and of what comes out: a stranger's few bytes may hold megabytes. */
const DECOMPRESS_HERE_BYTES_MAX = 16_384;
const DECOMPRESSED_HERE_BYTES_MAX = 131_072;

let installed = false;

/** Once per process. Throws `UnknownKafkajsError`. */
export function installPrecautions(): void {
  if (installed) return;
  const require = createRequire(import.meta.url);
  const manifest = require("kafkajs/package.json") as { readonly version: string };
  requireKnownVersion(manifest.version);
  const queue = require("kafkajs/src/network/requestQueue/index.js") as {
    readonly prototype: QueuePrototype;
  };
  restIdleTimer(queue.prototype);
  registerZstd();
  registerForeign();
  installed = true;
}

export function requireKnownVersion(version: string): void {
  if (version === KAFKAJS_VERSION) return;
  throw new UnknownKafkajsError(
    `kafkajs ${version} is installed, the adapter knows ${KAFKAJS_VERSION}; pin it, or check the precautions`,
  );
}

/**
 * kafkajs arms a timer per connection again and again, even with nothing to send: a thousand wake-ups a second
 * each. It is only needed while requests wait or the broker has asked for a pause.
 */
export function restIdleTimer(prototype: QueuePrototype): void {
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleIfNeeded(this: PendingQueue): void {
    const idle = this.pending.length === 0 && this.throttledUntil <= Date.now();
    if (!idle) schedule.call(this);
  };
}

/** Without a codec a single zstd record, ours or a foreign one, would stop its reader for good. */
function registerZstd(): void {
  const compress = promisify(zstdCompress);
  const decompress = promisify(zstdDecompress);
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: async ({ buffer }: { readonly buffer: Buffer }) =>
      buffer.length <= COMPRESS_HERE_BYTES_MAX ? zstdCompressSync(buffer) : compress(buffer),
    decompress: async (buffer: Buffer) => decompressedHere(buffer) ?? decompress(buffer),
  });
}

/** Of a stranger, or of topics that were set to them: one such record would stop its readers for good as well. */
function registerForeign(): void {
  const { Snappy, LZ4 } = kafkajs.CompressionTypes;
  for (const [type, unpack] of [[Snappy, unpackSnappy] as const, [LZ4, unpackLz4] as const]) {
    kafkajs.CompressionCodecs[type] = () => ({
      compress: () => Promise.reject(new Error("kafka: we pack with zstd alone")),
      decompress: async (buffer: Buffer) => unpack(buffer),
    });
  }
}

/** Null where it is too large for here, or damaged: the thread tells which. */
function decompressedHere(buffer: Buffer): Buffer | null {
  if (buffer.length > DECOMPRESS_HERE_BYTES_MAX) return null;
  try {
    return zstdDecompressSync(buffer, { maxOutputLength: DECOMPRESSED_HERE_BYTES_MAX });
  } catch {
    return null;
  }
}
