import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Credential, SenderRegistered } from "../../domain/directory/messages.ts";
import { parseSealed, type Sealed } from "../../domain/kernel/sealed.ts";
import { instant, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Digests } from "../../domain/ports/digests.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import { senderId } from "./fake-gatekeeper.ts";

/** A clock that stands until it is told to go; wall and monotonic time go together. */
export type FakeClock = Clock & { advance(ms: number): void };

export function createFakeClock(startMs: number): FakeClock {
  let nowMs = startMs;
  const timers = new Set<{ readonly atMs: number; readonly action: () => void }>();
  return {
    now: () => instant(nowMs),
    monotonic: () => milliseconds(nowMs),
    schedule(delay, action) {
      const timer = { atMs: nowMs + delay, action };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const [next] = [...timers].filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs);
        if (next === undefined) break;
        timers.delete(next);
        nowMs = next.atMs;
        next.action();
      }
      nowMs = untilMs;
    },
  };
}

export type FakeDigests = Digests & {
  /** Passwords verified so far, and the most at one time. */
  verified: number;
  atOnceMax: number;
  /** Holds every further verification until `release`. */
  hold(): void;
  release(): void;
};

/** Real fast hashes; passwords are "hashed" as `phc:<password>` and verified a turn later. */
export function createFakeDigests(): FakeDigests {
  let gate = Promise.resolve();
  let open: (() => void) | null = null;
  let running = 0;
  const fake: FakeDigests = {
    verified: 0,
    atOnceMax: 0,
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      open = resolve;
    },
    release: () => open?.(),
    sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
    hmacSha256: (key, bytes) => new Uint8Array(createHmac("sha256", key).update(bytes).digest()),
    equal: (a, b) => a.byteLength === b.byteLength && timingSafeEqual(a, b),
    hashPassword: (password) => Promise.resolve(`phc:${password}`),
    async verifyPassword(password, phc) {
      running += 1;
      fake.verified += 1;
      fake.atOnceMax = Math.max(fake.atOnceMax, running);
      await gate;
      running -= 1;
      return phc === `phc:${password}`;
    },
  };
  return fake;
}

/** Opens what `sealForTest` sealed. */
export const fakeKeyring: Pick<Keyring, "open"> = {
  open: async (sealed) =>
    sealed.startsWith("gone.") ? null : Buffer.from(sealed.slice(2), "base64url").toString(),
};

export function sealForTest(plaintext: string, keyId = "k"): Sealed {
  const sealed = parseSealed(`${keyId}.${Buffer.from(plaintext).toString("base64url")}`);
  if (sealed === null) throw new Error("fake keyring: the form of sealed texts has changed");
  return sealed;
}

export function account(
  name: string,
  credentials: readonly Credential[],
  change: Partial<SenderRegistered> = {},
): SenderRegistered {
  return {
    type: "SenderRegistered",
    sender: senderId(name),
    at: instant(0),
    standing: "active",
    credentials,
    sources: [],
    hours: [],
    serviceLevel: "basic",
    bulkiness: "solitary",
    ...change,
  };
}
