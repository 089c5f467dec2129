import { createRequire } from "node:module";
import { zstdCompressSync } from "node:zlib";
import kafkajs from "kafkajs";
import { describe, expect, test } from "vitest";
import {
  installPrecautions,
  KAFKAJS_VERSION,
  type PendingQueue,
  requireKnownVersion,
  restIdleTimer,
  UnknownKafkajsError,
} from "../../../../adapters/event-log/kafka/kafkajs-precautions.ts";

describe("the precautions for kafkajs", () => {
  test("hold for one version: any other is refused by name", () => {
    expect(() => requireKnownVersion("2.2.5")).toThrow(UnknownKafkajsError);
    expect(() => requireKnownVersion("2.2.5")).toThrow(/2\.2\.5.*2\.2\.4/);
  });

  test("the installed version is the one that was examined", () => {
    const manifest = createRequire(import.meta.url)("kafkajs/package.json") as { readonly version: string };
    expect(manifest.version).toBe(KAFKAJS_VERSION);
    expect(() => installPrecautions()).not.toThrow();
  });

  test("an idle connection arms no timer; one with requests waiting, or told to pause, does", () => {
    let armed = 0;
    const prototype = {
      scheduleCheckPendingRequests(this: PendingQueue): void {
        armed += 1;
      },
    };
    restIdleTimer(prototype);
    const ask = (queue: PendingQueue): void => prototype.scheduleCheckPendingRequests.call(queue);
    ask({ pending: [], throttledUntil: -1 });
    expect(armed).toBe(0);
    ask({ pending: ["a request"], throttledUntil: -1 });
    ask({ pending: [], throttledUntil: Date.now() + 60_000 });
    expect(armed).toBe(2);
  });

  test("zstd gives back what it was given, on this thread or another, however small or large", async () => {
    const { compress, decompress } = zstd();
    for (const bytes of [0, 1, 16_384, 16_385, 131_072, 131_073, 1_000_000]) {
      const text = Buffer.alloc(bytes, "the same again ");
      expect((await decompress(await compress({ buffer: text }))).equals(text)).toBe(true);
    }
  });

  test("a few bytes that hold megabytes are unpacked, and damaged ones refused", async () => {
    const { decompress } = zstd();
    const packed = zstdCompressSync(Buffer.alloc(20_000_000));
    expect(packed.length).toBeLessThan(16_384);
    expect(await decompress(packed)).toHaveLength(20_000_000);
    await expect(decompress(Buffer.from("no such format"))).rejects.toThrow(/frame descriptor/);
  });
});

function zstd(): {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(packed: Buffer): Promise<Buffer>;
} {
  installPrecautions();
  const codec = kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD];
  return (codec as () => ReturnType<typeof zstd>)();
}
