import fc from "fast-check";
import { expect, test } from "vitest";
import {
  createKeyReceiver,
  type EventPacket,
  type KeyEnd,
  type KeyReceiver,
} from "../../../../adapters/telephony/rtp/key-receiver.ts";

type Sent = {
  readonly timestamp: number;
  readonly event: number;
  readonly duration: number;
  readonly end?: boolean;
  readonly marker?: boolean;
};

function packet({ timestamp, event, duration, end = false, marker = false }: Sent): EventPacket {
  const payload = Uint8Array.of(event, (end ? 0x80 : 0) | 10, duration >> 8, duration & 0xff);
  return { timestamp, marker, payload, start: 0, end: 4 };
}

/** All packets of a key held for `frames` frames: its end comes three times. */
function keyPackets(timestamp: number, event: number, frames = 5): Sent[] {
  const duration = frames * 160;
  const tone = Array.from({ length: frames - 1 }, (_, i) => ({
    timestamp,
    event,
    duration: (i + 1) * 160,
    marker: i === 0,
  }));
  return [...tone, ...Array.from({ length: 3 }, () => ({ timestamp, event, duration, end: true }))];
}

function receiver(): { readonly keys: KeyReceiver; readonly ends: KeyEnd[] } {
  const ends: KeyEnd[] = [];
  return { keys: createKeyReceiver((end) => ends.push(end)), ends };
}

function heard(keys: KeyReceiver, sent: readonly Sent[]): string {
  return sent.map((one, i) => keys.read(packet(one), i * 20).key ?? "").join("");
}

test("K04: a key counts once, at its first packet, with its length at the end", () => {
  const { keys, ends } = receiver();
  expect(keys.read(packet({ timestamp: 800, event: 5, duration: 160, marker: true }), 0).key).toBe("5");
  expect(heard(keys, keyPackets(800, 5).slice(1))).toBe("");
  expect(ends).toEqual([{ lengthMs: 100, ended: true }]);
});

test("all sixteen keys are read", () => {
  const { keys } = receiver();
  const sent = Array.from({ length: 16 }, (_, event) => keyPackets(event * 4_000, event)).flat();
  expect(heard(keys, sent)).toBe("0123456789*#ABCD");
});

test("the same key twice is two keys", () => {
  const { keys } = receiver();
  expect(heard(keys, [...keyPackets(0, 1), ...keyPackets(1_600, 1)])).toBe("11");
});

test("however packets are lost, doubled and reordered within a key, each key that got through counts once", () => {
  const keyCount = fc.integer({ min: 1, max: 6 });
  const mess = keyCount.chain((count) =>
    fc.record({
      count: fc.constant(count),
      // For each key the packets that arrive, in order of arrival.
      arrivals: fc.array(fc.array(fc.nat(6), { minLength: 1, maxLength: 12 }), {
        minLength: count,
        maxLength: count,
      }),
    }),
  );
  fc.assert(
    fc.property(mess, ({ arrivals }) => {
      const { keys } = receiver();
      const sent = arrivals.flatMap((order, key) => {
        const all = keyPackets(4_294_960_000 + key * 1_600, key).map((one) => ({
          ...one,
          timestamp: one.timestamp >>> 0,
        }));
        return order.flatMap((index) => all[index] ?? []);
      });
      expect(heard(keys, sent)).toBe(arrivals.map((_, key) => String(key)).join(""));
    }),
  );
});

test("packets of a key that come after the next key has begun are no key", () => {
  const { keys } = receiver();
  const [first, second] = [keyPackets(0, 1), keyPackets(1_600, 2)];
  expect(heard(keys, [...first.slice(0, 3), ...second.slice(0, 2), ...first, ...second])).toBe("12");
});

test("a key whose end is lost is over after 120 ms without packets", () => {
  const { keys, ends } = receiver();
  keys.read(packet({ timestamp: 0, event: 9, duration: 320 }), 0);
  keys.tick(120);
  expect(ends).toEqual([]);
  keys.tick(121);
  expect(ends).toEqual([{ lengthMs: 40, ended: false }]);
});

test("a key held longer than its duration can say goes on under a new timestamp", () => {
  const { keys, ends } = receiver();
  const full = 0xffff;
  const sent = [
    { timestamp: 0, event: 3, duration: 160, marker: true },
    { timestamp: 0, event: 3, duration: full },
    { timestamp: full, event: 3, duration: 160 },
    { timestamp: full, event: 3, duration: 800, end: true },
  ];
  expect(heard(keys, sent)).toBe("3");
  expect(ends).toEqual([{ lengthMs: (full + 800) / 8, ended: true }]);
});

test("a marker at the same distance is the same key pressed again", () => {
  const { keys } = receiver();
  const sent = [
    { timestamp: 0, event: 3, duration: 160, marker: true },
    { timestamp: 0xffff, event: 3, duration: 160, marker: true },
  ];
  expect(heard(keys, sent)).toBe("33");
});

test("flash and fax tones are no keys, nor is half a packet", () => {
  const { keys } = receiver();
  expect(keys.read(packet({ timestamp: 0, event: 16, duration: 160 }), 0).fault).toBe("bad-event");
  expect(keys.read({ ...packet({ timestamp: 0, event: 1, duration: 160 }), end: 3 }, 0).fault).toBe(
    "bad-event",
  );
});
