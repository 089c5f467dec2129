import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { MediaAgreement, MediaSession } from "../../../../adapters/telephony/media-plane.ts";
import {
  createMediaPlane,
  type ThreadedMediaPlane,
} from "../../../../adapters/telephony/rtp/threaded-media-plane.ts";
import type { Digit } from "../../../../domain/ports/telephony.ts";
import { chirp, findSound, joined, rms, sine } from "../../../support/audio.ts";
import { createFakeOperatorLog } from "../../../support/fake-operator-log.ts";

const HOST = "127.0.0.1";

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

  test("I15: a prompt arrives as it was said, in either law", async () => {
    const said = chirp({ fromHz: 300, toHz: 3_000, ms: 400 });
    connect({ codec: "PCMA", payloadType: 8 });
    const heard = listen(theirs, untilQuietAfterSound());
    const end = await ours.play([{ samples: said }], { stopOnDigit: false }).ended;
    expect(end).toEqual({ why: "finished", playedMs: 400 });
    expect(findSound(said, await heard).likeness).toBeGreaterThan(0.99);
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
});
