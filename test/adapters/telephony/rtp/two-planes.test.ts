import { createSocket } from "node:dgram";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { MediaAgreement, MediaSession } from "../../../../adapters/telephony/media-plane.ts";
import { KEYS_WAITING_MAX } from "../../../../adapters/telephony/rtp/key-sender.ts";
import { CLIPS_MAX } from "../../../../adapters/telephony/rtp/media-session.ts";
import {
  createMediaPlane,
  type ThreadedMediaPlane,
} from "../../../../adapters/telephony/rtp/threaded-media-plane.ts";
import type { Digit } from "../../../../domain/ports/telephony.ts";
import { chirp, findSound, joined, rms, sine } from "../../../support/audio.ts";
import { createFakeOperatorLog } from "../../../support/fake-operator-log.ts";

const HOST = "127.0.0.1";
/** Another sound has less than 0.2; a frame that a busy machine delays costs some hundredths. */
const RECOGNISED = 0.9;

function agreementWith(port: number, changed: Partial<MediaAgreement> = {}): MediaAgreement {
  return {
    remoteAddress: HOST,
    remotePort: port,
    codec: "PCMU",
    payloadType: 0,
    sendEventsAs: 101,
    receiveEventsAs: 101,
    sourceCheck: "strict",
    sending: true,
    ...changed,
  };
}

function nextDigit(session: MediaSession): Promise<Digit> {
  return new Promise((resolve) => {
    const stop = session.onDigit((digit) => {
      stop();
      resolve(digit);
    });
  });
}

/** Collects what is heard until `enough` says so. */
async function listen(session: MediaSession, enough: (heard: Int16Array) => boolean): Promise<Int16Array> {
  const frames: Int16Array[] = [];
  return await new Promise((resolve) => {
    const stop = session.onFrame((frame) => {
      frames.push(frame);
      if (!enough(frame)) return;
      stop();
      resolve(joined(frames));
    });
  });
}

function untilQuietAfterSound(): (frame: Int16Array) => boolean {
  let sounded = false;
  return (frame) => {
    sounded ||= rms(frame) > 500;
    return sounded && rms(frame) < 50;
  };
}

/** Until the first packets have come: from there on nothing is missed. */
async function talking(session: MediaSession): Promise<void> {
  await listen(session, () => session.quality().received > 2);
}

describe("two media planes talk over loopback", () => {
  let planes: ThreadedMediaPlane[];
  let ours: MediaSession;
  let theirs: MediaSession;

  beforeEach(async () => {
    const log = createFakeOperatorLog();
    planes = [1, 2].map(() => createMediaPlane({ portRange: { first: 0, last: 0 }, log }));
    const [one, two] = planes;
    if (one === undefined || two === undefined) throw new Error("two planes were made");
    ours = await one.open(HOST);
    theirs = await two.open(HOST);
  });

  afterEach(async () => {
    await Promise.all(planes.map((plane) => plane.close()));
  });

  function connect(changed: Partial<MediaAgreement> = {}): void {
    ours.connect(agreementWith(theirs.localPort, changed));
    theirs.connect(agreementWith(ours.localPort, changed));
  }

  test.each([
    { codec: "PCMU", payloadType: 0 },
    { codec: "PCMA", payloadType: 8 },
  ] as const)("I15: a prompt arrives as it was said ($codec)", async (law) => {
    const said = chirp({ fromHz: 300, toHz: 3_000, ms: 400 });
    connect(law);
    await talking(theirs);
    const heard = listen(theirs, untilQuietAfterSound());
    const end = await ours.play([{ samples: said }], { stopOnDigit: false }).ended;
    expect(end).toEqual({ why: "finished", playedMs: 400 });
    expect(findSound(said, await heard).likeness).toBeGreaterThan(RECOGNISED);
  });

  test("K04: a key stops the prompt that yields to keys", async () => {
    connect();
    const playing = ours.play([{ samples: sine({ hz: 440, ms: 10_000 }) }], { stopOnDigit: true });
    const digit = nextDigit(ours);
    await theirs.sendDigits(["5"]);
    expect(await digit).toBe("5");
    const end = await playing.ended;
    expect(end.why).toBe("digit");
    expect(end.playedMs).toBeLessThan(9_000);
  });

  test("a key is answered by the next prompt's first packet within 40 ms (median), the dialog not counted", async () => {
    connect();
    await talking(theirs);
    await talking(ours);
    const delays: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      const pressed = new Promise<number>((resolve) => {
        const stop = ours.onDigit((_digit, at) => {
          stop();
          // One frame and its end: "finished" means that the packet has left.
          const { ended } = ours.play([{ samples: sine({ hz: 500, ms: 20 }) }], { stopOnDigit: true });
          void ended.then(() => resolve(performance.now() - at));
        });
      });
      await theirs.sendDigits(["1"]);
      delays.push(await pressed);
    }
    const sorted = delays.toSorted((a, b) => a - b);
    // The tail belongs to whatever else the machine is doing; the median shows what waits by design.
    expect(sorted[10]).toBeLessThan(40);
    expect(sorted[0]).toBeGreaterThanOrEqual(0);
  });

  test("a hang-up ends what plays and what is pressed, tells once, and later verbs do nothing", async () => {
    connect();
    const told: string[] = [];
    ours.onHangup(() => told.push("before"));
    const playing = ours.play([{ samples: sine({ hz: 440, ms: 5_000 }) }], { stopOnDigit: false });
    const keys = ours.sendDigits(["1", "2", "3"]);
    ours.hungUp();
    ours.hungUp();
    expect((await playing.ended).why).toBe("hangup");
    ours.onHangup(() => told.push("after"));
    expect(told).toEqual(["before", "after"]);
    await ours.close();
    await keys;
    expect(await ours.play([], { stopOnDigit: true }).ended).toEqual({ why: "hangup", playedMs: 0 });
    await ours.sendDigits(["1"]);
    await ours.close();
  });

  test("a second prompt stops the first, and stopping the first then does nothing", async () => {
    connect();
    const clips = [{ samples: sine({ hz: 440, ms: 200 }) }];
    const first = ours.play(clips, { stopOnDigit: false });
    const second = ours.play(clips, { stopOnDigit: false });
    first.stop();
    expect((await first.ended).why).toBe("stopped");
    expect(await second.ended).toEqual({ why: "finished", playedMs: 200 });
    const third = ours.play(clips, { stopOnDigit: false });
    third.stop();
    expect((await third.ended).why).toBe("stopped");
  });

  test("more clips or keys than the limit are refused", async () => {
    connect();
    const clips = Array.from({ length: CLIPS_MAX + 1 }, () => ({ samples: new Int16Array(1) }));
    expect(() => ours.play(clips, { stopOnDigit: false })).toThrow(/at most 1024/);
    await expect(ours.sendDigits(Array(KEYS_WAITING_MAX + 1).fill("1"))).rejects.toThrow(RangeError);
  });

  test("I17: received, sent and concealed packets can be read at any time, also after the call", async () => {
    connect();
    await talking(ours);
    await ours.close();
    const { received, sent, concealed } = ours.quality();
    expect(received).toBeGreaterThan(2);
    expect(sent).toBeGreaterThan(2);
    expect(concealed).toBeLessThanOrEqual(received + 3);
  });

  test("a stranger's packet reaches neither ear nor keypad", async () => {
    connect({ sourceCheck: "any-port" });
    await talking(ours);
    const heard = listen(ours, () => ours.quality().received > 20);
    const stranger = createSocket("udp4");
    const key = Uint8Array.of(0x80, 101, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 5, 10, 0, 160);
    const { promise, resolve } = Promise.withResolvers<void>();
    stranger.send(key, ours.localPort, HOST, () => resolve());
    await promise;
    stranger.close();
    const keys: Digit[] = [];
    ours.onDigit((digit) => keys.push(digit));
    await heard;
    expect(keys).toEqual([]);
    expect(planes[0]?.counters().get("foreign-ssrc")).toBe(1);
  });

  test("over IPv6, whatever way the address is written", async (context) => {
    const [one, two] = planes;
    if (one === undefined || two === undefined) throw new Error("two planes were made");
    const left = await one.open("::1").catch((error: unknown) => {
      context.skip(`no IPv6 loopback here: ${String(error)}`);
    });
    const right = await two.open("::1");
    if (left === undefined) return;
    left.connect(agreementWith(right.localPort, { remoteAddress: "0:0:0:0:0:0:0:1" }));
    right.connect(agreementWith(left.localPort, { remoteAddress: "::1" }));
    await talking(left);
    await talking(right);
    expect(left.quality().received).toBeGreaterThan(2);
  });

  test("a re-INVITE moves the call to another port while it runs", async () => {
    connect();
    await talking(ours);
    const [, two] = planes;
    const moved = await two?.open(HOST);
    if (moved === undefined) throw new Error("there are two planes");
    moved.connect(agreementWith(ours.localPort));
    ours.connect(agreementWith(moved.localPort));
    await talking(moved);
    const digit = nextDigit(ours);
    await moved.sendDigits(["8"]);
    expect(await digit).toBe("8");
  });

  test("an agreement that cannot be kept ends its own call, and no other", async () => {
    connect();
    await talking(ours);
    const other = await planes[0]?.open(HOST);
    if (other === undefined) throw new Error("the plane is open");
    const timedOut = new Promise<void>((resolve) => {
      other.onTimeout(resolve);
    });
    other.connect(agreementWith(30_000, { remoteAddress: "not an address" }));
    await timedOut;
    const before = ours.quality().received;
    await listen(ours, () => ours.quality().received > before + 5);
    expect(planes[0]?.counters().get("bad-order")).toBe(1);
  });

  test("a peer that is not there costs nothing but a count", async () => {
    const gone = await planes[1]?.open(HOST);
    const port = gone?.localPort ?? 0;
    await gone?.close();
    ours.connect(agreementWith(port));
    await listen(ours, () => (planes[0]?.counters().get("socket-error") ?? 0) > 2);
    expect(ours.quality().received).toBe(0);
  });
});

describe("a media plane", () => {
  test("says what to do when its ports are used up, and gives none to two calls", async () => {
    const plane = createMediaPlane({
      portRange: { first: 41_000, last: 41_003 },
      log: createFakeOperatorLog(),
    });
    try {
      const sessions = [await plane.open(HOST), await plane.open(HOST)];
      expect(sessions.map(({ localPort }) => localPort).toSorted((a, b) => a - b)).toEqual([41_000, 41_002]);
      const refused = plane.open(HOST);
      await expect(refused).rejects.toThrow(/widen the RTP port range/);
      await expect(refused).rejects.toMatchObject({ name: "MediaOpenError", retryable: true });
    } finally {
      await plane.close();
    }
  });

  test("takes no more calls than its limit", async () => {
    const log = createFakeOperatorLog();
    const plane = createMediaPlane({ portRange: { first: 0, last: 0 }, log, sessionsMax: 2 });
    try {
      const first = await plane.open(HOST);
      await plane.open(HOST);
      await expect(plane.open(HOST)).rejects.toMatchObject({ retryable: true });
      await first.close();
      expect((await plane.open(HOST)).localPort).toBeGreaterThan(0);
    } finally {
      await plane.close();
    }
  });

  test("says what is wrong with an address that is not this machine's", async () => {
    const plane = createMediaPlane({ portRange: { first: 0, last: 0 }, log: createFakeOperatorLog() });
    try {
      await expect(plane.open("192.0.2.1")).rejects.toMatchObject({ retryable: false });
    } finally {
      await plane.close();
    }
  });

  test("opens nothing after it was closed, and closing twice does no harm", async () => {
    const plane = createMediaPlane({ portRange: { first: 0, last: 0 }, log: createFakeOperatorLog() });
    const session = await plane.open(HOST);
    const over = new Promise<void>((resolve) => {
      session.onHangup(resolve);
    });
    await plane.close();
    await plane.close();
    await over;
    await session.close();
    await expect(plane.open(HOST)).rejects.toMatchObject({ retryable: false });
  });

  test("a port range that makes no sense ends in an error for the call, not in silence", async () => {
    const log = createFakeOperatorLog();
    const plane = createMediaPlane({ portRange: { first: 9_000, last: 8_000 }, log });
    await expect(plane.open(HOST)).rejects.toThrow(/media thread ended/);
    await plane.close();
  });
});
