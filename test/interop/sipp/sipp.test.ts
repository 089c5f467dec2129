import { afterEach, expect, type TestContext, test } from "vitest";
import { createSystemClock } from "../../../adapters/system/clock.ts";
import type { SipCredentials } from "../../../adapters/telephony/sip/digest.ts";
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { CallEnding, CallOrder, IncomingAnswer } from "../../../domain/ports/telephony.ts";
import { house, order, PERMIT, trunkTo, type Watched, watch } from "../../adapters/telephony/sip/exchange.ts";
import { requireProgram } from "../../support/installed.ts";
import { freeUdpPort, type Sipp, startSipp } from "./sipp.ts";

const clock = createSystemClock();
const cleanUp: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const undo of cleanUp.splice(0)) await undo();
});

type Line = { readonly sipp: Sipp; readonly dial: (change?: Partial<CallOrder>) => Watched };

/** SIPp plays the called party by a scenario of this folder. */
async function called(
  context: TestContext,
  scenario: string,
  options: {
    readonly calls?: number;
    readonly lose?: (direction: "in" | "out") => boolean;
    readonly credentials?: SipCredentials;
  } = {},
): Promise<Line> {
  const program = requireProgram(context, "sipp");
  const sipp = await startSipp(program, scenario, {
    calls: options.calls ?? 1,
    lenient: options.lose !== undefined,
  });
  cleanUp.push(() => sipp.kill());
  const { telephony } = await house(
    [trunkTo(sipp.port, { channels: 200, credentials: options.credentials ?? null })],
    options.lose === undefined ? {} : { lose: options.lose },
  );
  cleanUp.push(() => telephony.stop());
  return {
    sipp,
    dial: (change) => watch((onProgress) => telephony.place(order(clock, change), PERMIT, onProgress)),
  };
}

test("SIPp is called, answers, and gets our BYE (I05)", async (context) => {
  const { sipp, dial } = await called(context, "answers");
  const call = dial();
  await call.saw("answered");
  call.call.hangUp();
  expect(await call.ended).toMatchObject({ endedBy: "us", sipCode: 200, alerted: true });
  expect(await sipp.verdict()).toBe("as written");
});

const REFUSALS: readonly (readonly [string, Partial<CallEnding>])[] = [
  ["busy", { sipCode: 486, q850: 17, alerted: false, endedBy: "customer", localCause: null }],
  ["declines", { sipCode: 603, alerted: true, endedBy: "customer", localCause: null }],
  ["redirects", { sipCode: 302, alerted: false, localCause: "redirect-refused" }],
];

test.for(REFUSALS)("SIPp %s: told as found, and acknowledged", async ([scenario, ending], context) => {
  const { sipp, dial } = await called(context, scenario);
  expect(await dial().ended).toMatchObject({ ...ending, answeredAt: null });
  expect(await sipp.verdict()).toBe("as written");
});

test("SIPp rings for ever and is cancelled after the ring timeout", async (context) => {
  const { sipp, dial } = await called(context, "never-answers");
  const ending = await dial({ ringTimeoutMs: milliseconds(300) }).ended;
  expect(ending).toMatchObject({ endedBy: "us", localCause: "ring-timeout", sipCode: 487, alerted: true });
  expect(await sipp.verdict()).toBe("as written");
});

test("SIPp answers without a Contact, and the call is up all the same", async (context) => {
  const { sipp, dial } = await called(context, "answers-without-contact");
  const call = dial();
  await call.saw("answered");
  call.call.hangUp();
  await call.ended;
  expect(await sipp.verdict()).toBe("as written");
});

test("SIPp challenges our call twice over, and gets the stronger proof", async (context) => {
  const credentials = { user: "house", password: "secret", realm: "carrier" };
  const { sipp, dial } = await called(context, "challenges", { credentials });
  const call = dial();
  await call.saw("answered");
  call.call.hangUp();
  await call.ended;
  expect(await sipp.verdict()).toBe("as written");
});

test("SIPp forks and answers twice: the second leg is ended at once", async (context) => {
  const { sipp, dial } = await called(context, "forks");
  const call = dial({ maxSessionMs: milliseconds(300) });
  expect(await call.ended).toMatchObject({ endedBy: "us", localCause: "session-limit", sipCode: 200 });
  expect(call.steps.filter(({ type }) => type === "answered")).toHaveLength(1);
  expect(await sipp.verdict()).toBe("as written");
});

/** Park and Miller's generator: the same losses in every run. */
function seededDie(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

test("with every tenth packet lost both ways, all calls are set up and ended", async (context) => {
  const CALLS = 40;
  const draw = seededDie(20_261_121);
  const { sipp, dial } = await called(context, "answers-under-loss", {
    calls: CALLS,
    lose: () => draw() < 0.1,
  });
  const endings = await Promise.all(
    Array.from({ length: CALLS }, async () => {
      const call = dial();
      await call.saw("answered");
      call.call.hangUp();
      return call.ended;
    }),
  );
  expect(endings.filter(({ sipCode, endedBy }) => sipCode === 200 && endedBy === "us")).toHaveLength(CALLS);
  expect(await sipp.verdict()).toBe("as written");
});

async function caller(
  context: TestContext,
  scenario: string,
  answer: IncomingAnswer,
  calls: number,
): Promise<Sipp> {
  const program = requireProgram(context, "sipp");
  const port = await freeUdpPort();
  const { telephony } = await house([trunkTo(port)], { onIncoming: () => answer });
  cleanUp.push(() => telephony.stop());
  const address = telephony.sipAddress();
  const sipp = await startSipp(program, scenario, { port, to: `127.0.0.1:${address?.port}`, calls });
  cleanUp.push(() => sipp.kill());
  return sipp;
}

test("SIPp calls us ten times, is taken, and says BYE (I04)", async (context) => {
  const endings: CallEnding[] = [];
  const answer: IncomingAnswer = {
    take: true,
    maxSessionMs: milliseconds(30_000),
    onProgress: (progress) => {
      if (progress.type === "ended") endings.push(progress.ending);
    },
  };
  const sipp = await caller(context, "calls", answer, 10);
  expect(await sipp.verdict()).toBe("as written");
  expect(endings.map(({ endedBy, sipCode }) => [endedBy, sipCode])).toEqual(
    Array.from({ length: 10 }, () => ["customer", 200]),
  );
});

test("SIPp holds a call and takes it back by re-INVITE", async (context) => {
  const answer: IncomingAnswer = {
    take: true,
    maxSessionMs: milliseconds(30_000),
    onProgress: () => undefined,
  };
  const sipp = await caller(context, "calls-and-holds", answer, 1);
  expect(await sipp.verdict()).toBe("as written");
});

test("SIPp asks by OPTIONS and is answered", async (context) => {
  const sipp = await caller(
    context,
    "asks-options",
    { take: false, sipCode: 486, retryAfterSeconds: null },
    1,
  );
  expect(await sipp.verdict()).toBe("as written");
});
