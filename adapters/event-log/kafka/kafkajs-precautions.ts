/**
 * What kafkajs needs before it may be used: no timer that turns for nothing, and zstd. Both reach into the
 * package, so they hold for one version only; another is refused until somebody has looked at it.
 */
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import kafkajs from "kafkajs";

export const KAFKAJS_VERSION = "2.2.4";

/** The installed kafkajs is not the one that was examined: pin the version, or examine the new one. */
export class UnknownKafkajsError extends Error {
  readonly retryable = false;
  override readonly name = "UnknownKafkajsError";
}

export type PendingQueue = { readonly pending: readonly unknown[]; readonly throttledUntil: number };
type QueuePrototype = { scheduleCheckPendingRequests: (this: PendingQueue) => void };

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
    compress: (encoder: { readonly buffer: Buffer }) => compress(encoder.buffer),
    decompress: (buffer: Buffer) => decompress(buffer),
  });
}
