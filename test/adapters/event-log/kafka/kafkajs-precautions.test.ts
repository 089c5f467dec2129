import { createRequire } from "node:module";
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
});
