import { afterEach, describe, expect, test } from "vitest";
import type { PhoneSettings } from "../../adapters/cli/phone-command.ts";
import { CALLING_ROLES, GUEST, type Processes, ringingPhone, startProcesses } from "../support/processes.ts";
import { hello } from "../support/programs.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const TALK = hello("20s");

async function callTo(
  phone: Partial<PhoneSettings>,
  body: object = {},
): Promise<{ house: Processes; request: string }> {
  const called = await ringingPhone(phone);
  stops.push(() => called.stop());
  const house = await startProcesses({
    trunk: called.address,
    roles: CALLING_ROLES,
  });
  stops.push(() => house.stop());
  const request = await house.request({ to: GUEST, document: { inline: TALK }, ...body });
  return { house, request };
}

describe("a Customer who", () => {
  test("never answers is let ring for the Request's limit (B04, K13)", async () => {
    const { house, request } = await callTo({ behaviour: "no-answer" }, { ringTimeoutSeconds: 1 });
    const completed = await house.event(request, "CallCompleted");
    expect(completed).toMatchObject({ outcome: "no-answer", localCause: "ring-timeout", alerted: true });
    expect(await house.over(request)).toMatchObject({ type: "RequestFailed", outcome: "no-answer" });
  });
  test("is busy", async () => {
    const { house, request } = await callTo({ behaviour: "busy" });
    expect(await house.event(request, "CallCompleted")).toMatchObject({ outcome: "busy", sipCode: 486 });
  });
  test("declines is not called again", async () => {
    const { house, request } = await callTo({ behaviour: "decline", declineCode: 603 }, { maxAttempts: 3 });
    expect(await house.event(request, "CallCompleted")).toMatchObject({ outcome: "declined", sipCode: 603 });
    expect(await house.over(request)).toMatchObject({ type: "RequestFailed", attempts: 1 });
  });
  test("hangs up in mid-prompt", async () => {
    const { house, request } = await callTo({ answerAfterMs: 50, hangUpAfterMs: 700 });
    const completed = await house.event(request, "CallCompleted");
    expect(completed).toMatchObject({ outcome: "completed", endedBy: "customer", dialogResult: "hangup" });
    expect(completed.talkMs).toBeLessThan(5_000);
  });
});
