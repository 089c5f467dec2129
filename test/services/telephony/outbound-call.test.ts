import { expect, test } from "vitest";
import { parsePhoneNumber } from "../../../domain/kernel/phone-number.ts";
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { Durable } from "../../../domain/ports/durable.ts";
import type { CallProgress } from "../../../domain/ports/telephony.ts";
import type { CallStep } from "../../../domain/session/call-step.ts";
import { placeOutbound } from "../../../services/telephony/outbound-call.ts";
import { later, NINE } from "../../support/sample-request.ts";
import { SILENT_LEG, silentEnding } from "../../support/silent-call.ts";
import { sampleGrant } from "./sample-grant.ts";

const HOUR_MS = 3_600_000;
const TALK_MS = 4_200;
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
  if (number === null) throw new Error("not E.164");
  const durable = { at: NINE } as Durable;
  const call = placeOutbound(
    {
      grant: sampleGrant(),
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
  onProgress({ type: "answered", at: wall.now, leg: SILENT_LEG });
  steady.now = later(TALK_MS);
  wall.now = later(TALK_MS - HOUR_MS);
  const times = { invitedAt: NINE, ringingAt: NINE, answeredAt: NINE, endedAt: wall.now };
  const ending = silentEnding(times, { endedBy: "customer", sipCode: 200 });
  onProgress({ type: "ended", ending });
  await call.reported;
  const completed = steps.find((step) => step.type === "CallCompleted");
  expect(completed).toMatchObject({ outcome: "completed", talkMs: TALK_MS });
});
