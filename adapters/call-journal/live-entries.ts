import type { JournalChange } from "./frame.ts";

/** What was put and not removed, oldest first, with the bytes that it takes. */
export interface LiveEntries {
  readonly bytes: number;
  apply(change: JournalChange): void;
  copy(): ReadonlyMap<string, string>;
  /** The same as changes, in portions of about so many bytes. */
  portions(bytesMax: number): Iterable<readonly JournalChange[]>;
}

export function sizeOfChange([, key, body]: JournalChange): number {
  return Buffer.byteLength(key) + Buffer.byteLength(body ?? "");
}

export function createLiveEntries(): LiveEntries {
  const live = new Map<string, string>();
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    apply(change) {
      const [what, key, body] = change;
      const before = live.get(key);
      if (before !== undefined) bytes -= sizeOfChange(["put", key, before]);
      if (what === "remove") {
        live.delete(key);
        return;
      }
      live.set(key, body);
      bytes += sizeOfChange(change);
    },
    copy: () => new Map(live),
    *portions(bytesMax) {
      let portion: JournalChange[] = [];
      let size = 0;
      for (const [key, body] of live) {
        const change: JournalChange = ["put", key, body];
        portion.push(change);
        size += sizeOfChange(change);
        if (size < bytesMax) continue;
        yield portion;
        portion = [];
        size = 0;
      }
      if (portion.length > 0) yield portion;
    },
  };
}
