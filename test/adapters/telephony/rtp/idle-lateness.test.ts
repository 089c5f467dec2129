import { afterEach, beforeEach, expect, test } from "vitest";
import type { MediaSession } from "../../../../adapters/telephony/media-plane.ts";
import {
  createMediaPlane,
  type ThreadedMediaPlane,
} from "../../../../adapters/telephony/rtp/threaded-media-plane.ts";
import { createFakeOperatorLog } from "../../../support/fake-operator-log.ts";

const HOST = "127.0.0.1";
let plane: ThreadedMediaPlane;

beforeEach(() => {
  plane = createMediaPlane({ portRange: { first: 0, last: 0 }, log: createFakeOperatorLog() });
});
afterEach(() => plane.close());

/** Resolves at the first frame at which the plane has told how late it is. */
function untilLatenessIsTold(session: MediaSession): Promise<void> {
  return new Promise((resolve) => {
    const stop = session.onFrame(() => {
      if (plane.latenessMs() === 0) return;
      stop();
      resolve();
    });
  });
}

test("a plane without a call is not late: its last figure must not stop the dispatch of calls", async () => {
  expect(plane.latenessMs()).toBe(0);
  const session = await plane.open(HOST);
  const told = untilLatenessIsTold(session);
  session.connect({
    remoteAddress: HOST,
    remotePort: session.localPort,
    codec: "PCMU",
    payloadType: 0,
    sendEventsAs: null,
    receiveEventsAs: null,
    sourceCheck: "strict",
    sending: true,
  });
  await told;
  expect(plane.latenessMs()).toBeGreaterThan(0);
  await session.close();
  expect(plane.latenessMs()).toBe(0);
});
