import { expect, test } from "vitest";
import { CALL_TIMERS, placeCall, type RunningCall } from "../../../../adapters/telephony/sip/placed-call.ts";
import type {
  InviteFailure,
  InviteHandlers,
  InviteRequest,
} from "../../../../adapters/telephony/sip/signalling.ts";
import { openTrunk } from "../../../../adapters/telephony/sip/trunk.ts";
import { instant, milliseconds } from "../../../../domain/kernel/time.ts";
import type { CallOrder, CallProgress } from "../../../../domain/ports/telephony.ts";
import { createVirtualClock, type VirtualClock } from "../../../support/virtual-clock.ts";
import { order, trunkTo } from "./exchange.ts";
import { createFakeMedia } from "./fake-media.ts";

type Line = {
  readonly call: RunningCall;
  readonly clock: VirtualClock;
  readonly steps: CallProgress[];
  readonly requests: InviteRequest[];
  /** What the far side does. */
  readonly far: InviteHandlers;
  readonly ends: () => number;
};

const FAILURE: InviteFailure = { how: "cancelled", status: 487, q850: null, retryAfterSeconds: null };

/** One call on a virtual clock; the test plays the network. */
async function line(
  change: Partial<CallOrder> = {},
  trunkChange: Parameters<typeof trunkTo>[1] = {},
): Promise<Line> {
  const clock = createVirtualClock(instant(1_800_000_000_000));
  const steps: CallProgress[] = [];
  const requests: InviteRequest[] = [];
  const handlers: InviteHandlers[] = [];
  let ends = 0;
  const call = placeCall({
    order: order(clock, change),
    trunk: await openTrunk(trunkTo(5060, trunkChange), true),
    endpoint: {
      invite(request, given) {
        requests.push(request);
        handlers.push(given);
        return {
          callId: "call-1",
          end() {
            ends += 1;
          },
        };
      },
    },
    media: createFakeMedia(),
    mediaAddress: "127.0.0.1",
    identity: { user: "reveille", host: "reveille.example" },
    clock,
    timers: CALL_TIMERS,
    onProgress: (progress) => steps.push(progress),
    onFault: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });
  await clock.settle(() => handlers.length > 0 || steps.length > 0, "the INVITE");
  const far = handlers[0] ?? { onAnswered: () => undefined, onFailed: () => undefined };
  return { call, clock, steps, requests, far, ends: () => ends };
}

function ending({ steps }: Line): unknown {
  const last = steps.at(-1);
  return last?.type === "ended" ? last.ending : last;
}

test("a trunk that says nothing is given up after 20 s as no response: whether it rang is unknown", async () => {
  const found = await line();
  await found.clock.advance(19_999);
  expect(found.ends()).toBe(0);
  await found.clock.advance(1);
  expect(found.ends()).toBe(1);
  found.far.onFailed({ ...FAILURE, status: null });
  expect(ending(found)).toMatchObject({ localCause: "no-response", sipCode: null, alerted: false });
});

test("a trunk that says Trying and no more is given up after 20 s as setup timeout", async () => {
  const found = await line();
  found.far.onTrying?.();
  await found.clock.advance(20_000);
  expect(found.ends()).toBe(1);
  found.far.onFailed(FAILURE);
  expect(ending(found)).toMatchObject({ localCause: "setup-timeout", sipCode: 487, endedBy: "us" });
});

test("the ring timeout runs from the first sign of ringing, not from the INVITE", async () => {
  const found = await line({ ringTimeoutMs: milliseconds(30_000) });
  await found.clock.advance(15_000);
  found.far.onRinging?.({ status: 180, sdp: null });
  await found.clock.advance(29_999);
  found.far.onRinging?.({ status: 180, sdp: null });
  expect(found.ends()).toBe(0);
  await found.clock.advance(1);
  expect(found.ends()).toBe(1);
  found.far.onFailed(FAILURE);
  expect(ending(found)).toMatchObject({ localCause: "ring-timeout", alerted: true });
});

test("a 183 is no proof that the telephone rings, except on a trunk known for it", async () => {
  const plain = await line();
  const known = await line({}, { progressIsAlerting: true });
  for (const found of [plain, known]) {
    found.far.onRinging?.({ status: 183, sdp: "v=0" });
    found.far.onFailed({ ...FAILURE, how: "rejected", status: 480, q850: 19 });
  }
  expect(ending(plain)).toMatchObject({ alerted: false, earlyMedia: true, q850: 19, endedBy: "network" });
  expect(ending(known)).toMatchObject({ alerted: true, earlyMedia: true });
});

test("ringing is told once, and again when an announcement turns into ringing", async () => {
  const found = await line();
  for (const status of [183, 183, 180, 180, 183]) found.far.onRinging?.({ status, sdp: null });
  expect(found.steps.map((step) => (step.type === "ringing" ? step.sipCode : step.type))).toEqual([
    "placed",
    183,
    180,
  ]);
});

test("the number is written as the trunk wants it, and From is the house's without one", async () => {
  const found = await line({}, { numbers: "digits" });
  expect(found.requests[0]).toMatchObject({
    target: { user: "12125550123", host: "127.0.0.1", port: 5060 },
    from: { user: "reveille", host: "reveille.example" },
  });
});

test("the INVITE leaves in the last permitted millisecond, and not at the instant of closing", async () => {
  const clock = createVirtualClock(instant(1_800_000_000_000));
  const onTime = await line({ callBefore: instant(clock.now() + 1) });
  const late = await line({ callBefore: clock.now() });
  expect([onTime.requests.length, late.requests.length]).toEqual([1, 0]);
  expect(ending(late)).toMatchObject({ localCause: "too-late", invitedAt: null });
});

test.for([
  [486, "customer"],
  [600, "customer"],
  [603, "customer"],
  [607, "customer"],
  [404, "network"],
  [503, "network"],
  [487, "network"],
] as const)("a %i is the %s's doing", async ([status, endedBy]) => {
  const found = await line();
  found.far.onFailed({ ...FAILURE, how: "rejected", status });
  expect(ending(found)).toMatchObject({ endedBy, sipCode: status, localCause: null });
});

test("an abandoned call ends at once, and what comes after is not told", async () => {
  const found = await line();
  found.call.abandon();
  found.far.onFailed(FAILURE);
  await found.clock.advance(200_000);
  expect(found.steps.map(({ type }) => type)).toEqual(["placed", "ended"]);
});
