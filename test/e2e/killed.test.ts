import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CALLING_ROLES,
  GUEST,
  type Processes,
  ringingPhone,
  startProcesses,
  type WatchedPhone,
} from "../support/processes.ts";
import { hello } from "../support/programs.ts";

let phone: WatchedPhone;
let house: Processes;

const TALK = hello("3s");

beforeAll(async () => {
  phone = await ringingPhone({ answerAfterMs: 1_500 });
  house = await startProcesses({ trunk: phone.address, roles: CALLING_ROLES });
});

afterAll(async () => {
  await house?.stop();
  await phone?.stop();
});

const invites = (): number => phone.events.filter(({ what }) => what === "ringing").length;
const ask = (more: object = {}): Promise<string> =>
  house.request({ to: GUEST, document: { inline: TALK }, ...more });

// The far end of a killed call rings or talks on for a while: each case has a telephone of its own.
async function killedAfter(step: "CallRinging" | "SessionStarted", more: object = {}) {
  const own = await ringingPhone({ answerAfterMs: step === "CallRinging" ? 10_000 : 50 });
  const it = await startProcesses({ trunk: own.address, roles: CALLING_ROLES });
  const request = await it.request({ to: GUEST, document: { inline: TALK }, ...more });
  await it.event(request, step);
  await it.kill("telephony");
  const rung = (): number => own.events.filter(({ what }) => what === "ringing" || what === "refused").length;
  const stop = (): Promise<unknown> => Promise.all([it.stop(), own.stop()]);
  return { it, request, rung, stop };
}

describe("kill -9 of the telephony server", () => {
  test("while it rings loses the call, says so, and calls nobody twice (I11, I13, L16)", async () => {
    const { it, request, rung, stop } = await killedAfter("CallRinging");
    expect(await it.event(request, "CallLost")).toMatchObject({ phase: "invited", how: "journal" });
    expect(await it.over(request)).toMatchObject({ type: "RequestFailed", outcome: "lost" });
    expect(rung()).toBe(1);
    await stop();
  });

  test("in a call loses it, and calls nobody twice", async () => {
    const { it, request, rung, stop } = await killedAfter("SessionStarted");
    expect(await it.event(request, "CallLost")).toMatchObject({ phase: "answered", how: "journal" });
    expect(await it.over(request)).toMatchObject({ type: "RequestFailed", outcome: "lost" });
    expect(rung()).toBe(1);
    await stop();
  });

  test("in a call has it repeated where the Sender asked for that", async () => {
    const { it, request, stop } = await killedAfter("SessionStarted", { onLost: "retry", maxAttempts: 2 });
    expect(await it.event(request, "RetryScheduled")).toMatchObject({ attempt: 2, why: "lost" });
    await stop();
  });
});

describe("kill -9", () => {
  test.each([
    "RequestQueued",
    "Dispatched",
    "Accepted",
    "CallPlaced",
    "CallAnswered",
  ] as const)("of the dispatcher after %s: the Request is finished by its successor, and one call is placed (L08)", async (step) => {
    await house.supervisor.whenReady("telephony");
    await house.supervisor.whenReady("dispatcher");
    const before = invites();
    const request = await ask();
    await house.event(request, step);
    await house.kill("dispatcher");
    expect(await house.over(request)).toMatchObject({ type: "RequestCompleted" });
    await phone.idle();
    expect(invites() - before).toBe(1);
  }, 60_000);

  test("of the gateway right after its 202: the Request lives (L03)", async () => {
    await house.supervisor.whenReady("dispatcher");
    const request = await ask();
    await house.kill("gateway");
    expect(await house.over(request)).toMatchObject({ type: "RequestCompleted" });
  });
});
