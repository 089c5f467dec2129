import type { MediaAgreement, MediaPlane, MediaSession } from "../../../../adapters/telephony/media-plane.ts";
import { milliseconds } from "../../../../domain/kernel/time.ts";
import type { Digit } from "../../../../domain/ports/telephony.ts";

type FakeSession = MediaSession & {
  readonly agreements: readonly MediaAgreement[];
  readonly digits: readonly Digit[];
  readonly isClosed: () => boolean;
  readonly isHungUp: () => boolean;
  /** 20 s of silence have gone by. */
  timeOut(): void;
};

export type FakeMedia = MediaPlane & { readonly sessions: readonly FakeSession[]; failNext(): void };

const FIRST_PORT = 20_000;

/** Media without sockets: remembers what was agreed. */
export function createFakeMedia(): FakeMedia {
  const sessions: FakeSession[] = [];
  let failing = false;
  return {
    sessions,
    failNext() {
      failing = true;
    },
    open() {
      if (failing) {
        failing = false;
        return Promise.reject(new Error("media: no port left"));
      }
      const session = createFakeSession(FIRST_PORT + 2 * (sessions.length % 10_000));
      sessions.push(session);
      return Promise.resolve(session);
    },
    latenessMs: () => 0.5,
    close: () => Promise.resolve(),
  };
}

function createFakeSession(localPort: number): FakeSession {
  const agreements: MediaAgreement[] = [];
  const onHangup: (() => void)[] = [];
  let onTimeout: (() => void) | null = null;
  const digits: Digit[] = [];
  let closed = false;
  let gone = false;
  return {
    localPort,
    agreements,
    digits,
    hearDigit: (digit) => void digits.push(digit),
    isClosed: () => closed,
    isHungUp: () => gone,
    timeOut: () => onTimeout?.(),
    connect: (agreement) => void agreements.push(agreement),
    quality: () => ({ received: 10, concealed: 1, sent: 12, jitterMs: 2 }),
    onTimeout(listener) {
      onTimeout = listener;
    },
    hungUp() {
      gone = true;
      for (const listener of onHangup.splice(0)) listener();
    },
    close() {
      closed = true;
      return Promise.resolve();
    },
    play: () => ({
      ended: Promise.resolve({ why: "finished", playedMs: milliseconds(0) }),
      stop: () => undefined,
    }),
    onDigit: () => () => undefined,
    onFrame: () => () => undefined,
    onHangup(listener) {
      if (gone) listener();
      else onHangup.push(listener);
    },
    sendDigits: () => Promise.resolve(),
  };
}
