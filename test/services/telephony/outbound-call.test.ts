import { expect, test } from "vitest";
import { parsePhoneNumber } from "../../../domain/kernel/phone-number.ts";
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { Durable } from "../../../domain/ports/durable.ts";
import type { CallEnding, CallLeg, CallProgress } from "../../../domain/ports/telephony.ts";
import type { CallStep } from "../../../domain/session/call-step.ts";
import { placeOutbound } from "../../../services/telephony/outbound-call.ts";
import { CUSTOMER, dispatched, HOTEL, later, NINE, REQUEST, SERVER } from "../../support/sample-request.ts";

const HOUR_MS = 3_600_000;
const TALK_MS = 4_200;
const LEG: CallLeg = {
  play: () => ({
    ended: Promise.resolve({ why: "finished", playedMs: milliseconds(0) }),
    stop: () => undefined,
  }),
  onDigit: () => () => undefined,
  onFrame: () => () => undefined,
  onHangup: () => undefined,
  sendDigits: () => Promise.resolve(),
};
const SAID = {
  exit: null,
  event: null,
  inputs: 0,
  noInputs: 0,
  noMatches: 0,
  firstPromptMs: null,
  participatedMs: milliseconds(0),
};

test("what is billed is what was talked, though the server's clock is set meanwhile (I10)", async () => {
  const wall = { now: NINE };
  const steady = { now: NINE };
  const steps: CallStep[] = [];
  const progressed = Promise.withResolvers<(progress: CallProgress) => void>();
  const number = parsePhoneNumber("+12125551000");
  const event = dispatched();
  if (number === null || event.type !== "Dispatched") throw new Error("the samples are wrong");
  const durable = { at: NINE } as Durable;
  const { offer, attempt, callBefore } = event;
  const to = { server: SERVER, requestId: REQUEST, customer: CUSTOMER, partition: 0, epoch: 1, at: NINE };
  const call = placeOutbound(
    {
      grant: {
        ...to,
        type: "Grant",
        offer,
        attempt,
        sender: HOTEL,
        to: "k.x" as never,
        from: null,
        document: { kind: "url", url: "https://hotel.example/wake-up.vxml", sealed: null, sha256: null },
        ringTimeoutMs: milliseconds(30_000),
        maxSessionMs: milliseconds(60_000),
        callBefore,
        userData: null,
      },
      to: number,
      from: null,
    },
    NINE,
    durable,
    {
      telephony: {
        place(_order, _permit, onProgress) {
          progressed.resolve(onProgress);
          return { hangUp: () => undefined };
        },
      },
      dialogs: {
        run: (_order, _leg, _onStep, signal) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => resolve({ ...SAID, result: "hangup" }), { once: true });
          }),
      },
      keyring: { open: () => Promise.resolve(null), seal: () => Promise.reject(new Error("not asked")) },
      now: () => wall.now,
      steadyNow: () => steady.now,
      localUri: "sip:reveille@test.invalid",
    },
    {
      report(step) {
        steps.push(step);
        return Promise.resolve(durable);
      },
      answered: () => undefined,
      cancelled: false,
      release: () => wall.now,
      observe: () => undefined,
    },
  );
  const onProgress = await progressed.promise;
  onProgress({ type: "answered", at: wall.now, leg: LEG });
  steady.now = later(TALK_MS);
  wall.now = later(TALK_MS - HOUR_MS);
  const ending: CallEnding = {
    endedBy: "customer",
    localCause: null,
    sipCode: 200,
    q850: null,
    alerted: true,
    earlyMedia: false,
    invitedAt: NINE,
    ringingAt: NINE,
    answeredAt: NINE,
    endedAt: wall.now,
    media: { received: 0, concealed: 0, sent: 0, jitterMs: 0 },
  };
  onProgress({ type: "ended", ending });
  await call.reported;
  const completed = steps.find((step) => step.type === "CallCompleted");
  expect(completed).toMatchObject({ outcome: "completed", talkMs: TALK_MS });
});
