import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createSystemClock } from "../../../../adapters/system/clock.ts";
import { requireWav } from "../../../../adapters/telephony/audio/wav.ts";
import type { CallLeg } from "../../../../domain/ports/telephony.ts";
import { chirp, findSound, sine } from "../../../support/audio.ts";
import { order, PERMIT, type Watched, watch } from "../sip/exchange.ts";
import {
  type Exchange,
  exchangeTo,
  temporaryFolder,
  type WatchedPhone,
  watchedPhone,
} from "./phone-bench.ts";

const clock = createSystemClock();
/** Another sound has less than 0.2; a frame that a busy machine delays costs some hundredths. */
const RECOGNISED = 0.9;

const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function telephone(options: Parameters<typeof watchedPhone>[0] = {}): Promise<WatchedPhone> {
  const phone = await watchedPhone(options);
  cleanUps.push(() => phone.close());
  return phone;
}

async function exchange(
  port: number,
  onIncoming?: Parameters<typeof exchangeTo>[1],
): Promise<Exchange["telephony"]> {
  const made = await exchangeTo(port, onIncoming);
  cleanUps.push(made.close);
  return made.telephony;
}

async function callTo(phone: WatchedPhone, change: Parameters<typeof order>[1] = {}): Promise<Watched> {
  const telephony = await exchange(phone.address.port);
  return watch((onProgress) => telephony.place(order(clock, change), PERMIT, onProgress));
}

function nextKey(leg: CallLeg): Promise<string> {
  return new Promise((resolve) => {
    const stop = leg.onDigit((digit) => {
      stop();
      resolve(digit);
    });
  });
}

test("a telephone hears the prompt, presses its key after it, and hangs up (I05, K04)", async () => {
  const folder = await temporaryFolder();
  cleanUps.push(folder.remove);
  const recordTo = join(folder.path, "heard.wav");
  const phone = await telephone({
    recordTo,
    script: [
      { afterPromptSilenceMs: 200, keys: "1" },
      { afterMs: 100, hangUp: true },
    ],
  });
  const call = await callTo(phone);
  const { leg } = await call.saw("answered");
  const key = nextKey(leg);
  const said = chirp({ fromHz: 300, toHz: 2_500, ms: 600 });
  await leg.play([{ samples: new Int16Array(1_600) }, { samples: said }], { stopOnDigit: true }).ended;
  expect(await key).toBe("1");
  expect(await call.ended).toMatchObject({ endedBy: "customer", sipCode: 200, alerted: true });

  const hungUp = await phone.saw("hung-up");
  expect(hungUp).toMatchObject({ by: "us", recording: recordTo });
  expect(phone.events.map(({ type }) => type)).toEqual([
    "ringing",
    "answered",
    "speech-started",
    "key-sent",
    "speech-stopped",
    "hung-up",
  ]);
  expect(findSound(said, requireWav(await readFile(recordTo))).likeness).toBeGreaterThan(RECOGNISED);
});

test("a key pressed by hand cuts the prompt short", async () => {
  const phone = await telephone();
  const call = await callTo(phone);
  const { leg } = await call.saw("answered");
  const playing = leg.play([{ samples: sine({ hz: 440, ms: 20_000 }) }], { stopOnDigit: true });
  await phone.saw("speech-started");
  await phone.press("7");
  const end = await playing.ended;
  expect(end.why).toBe("digit");
  expect(end.playedMs).toBeLessThan(5_000);
});

test.each([
  { pickUp: { how: "busy" }, sipCode: 486 },
  { pickUp: { how: "decline", sipCode: 603 }, sipCode: 603 },
] as const)("a telephone that says $pickUp.how answers $sipCode", async ({ pickUp, sipCode }) => {
  const phone = await telephone({ pickUp });
  const call = await callTo(phone);
  expect(await call.ended).toMatchObject({ sipCode, answeredAt: null });
  expect(phone.events.map(({ type }) => type)).toEqual(["refused"]);
});

test("a telephone that nobody answers rings until the caller gives up", async () => {
  const phone = await telephone({ pickUp: { how: "no-answer" } });
  const call = await callTo(phone);
  await call.saw("ringing");
  call.call.hangUp();
  expect(await call.ended).toMatchObject({ endedBy: "us", alerted: true, answeredAt: null });
  await phone.saw("missed");
});

test("a telephone answered by hand talks until it hangs up", async () => {
  const phone = await telephone({ pickUp: { how: "by-hand" } });
  const call = await callTo(phone);
  await phone.saw("ringing");
  phone.answer();
  await call.saw("answered");
  phone.hangUp();
  expect(await call.ended).toMatchObject({ endedBy: "customer" });
});

test("a telephone declines by hand", async () => {
  const phone = await telephone({ pickUp: { how: "by-hand" } });
  const call = await callTo(phone);
  await phone.saw("ringing");
  phone.hangUp();
  expect(await call.ended).toMatchObject({ sipCode: 603 });
});

test("a telephone in use is busy for the next caller", async () => {
  const phone = await telephone();
  const telephony = await exchange(phone.address.port);
  const place = (): Watched => watch((told) => telephony.place(order(clock), PERMIT, told));
  const first = place();
  await first.saw("answered");
  expect(await place().ended).toMatchObject({ sipCode: 486 });
});

test("a telephone calls in and hears what it is told (I05)", async () => {
  const said = chirp({ fromHz: 400, toHz: 2_000, ms: 400 });
  const phone = await telephone();
  const legs: CallLeg[] = [];
  const telephony = await exchange(phone.address.port, () => ({
    take: true,
    maxSessionMs: order(clock).maxSessionMs,
    onProgress: (progress) => {
      if (progress.type !== "answered") return;
      legs.push(progress.leg);
      progress.leg.play([{ samples: new Int16Array(800) }, { samples: said }], { stopOnDigit: false });
    },
  }));
  const address = telephony.sipAddress();
  if (address === null) throw new Error("the exchange listens");
  expect(await phone.call({ ...address, user: "service" })).toBe(true);
  expect(await phone.waitForSilence(100)).toBe(true);
  const [leg] = legs;
  if (leg === undefined) throw new Error("the call was answered");
  const key = nextKey(leg);
  await phone.press("#");
  expect(await key).toBe("#");
  phone.hangUp();
  await phone.saw("hung-up");
  expect(await phone.waitForSilence(100)).toBe(false);
});

test("a telephone that is refused says with what", async () => {
  const phone = await telephone();
  const telephony = await exchange(phone.address.port);
  const address = telephony.sipAddress();
  if (address === null) throw new Error("the exchange listens");
  expect(await phone.call({ ...address, user: "service" })).toBe(false);
  expect(await phone.saw("not-answered")).toMatchObject({ sipCode: 486 });
});

test("keys that no keypad has are refused before anything is sent", async () => {
  const phone = await telephone();
  await expect(phone.press("12E")).rejects.toThrow(RangeError);
  await expect(phone.press("")).rejects.toThrow(RangeError);
  await expect(phone.press("1".repeat(65))).rejects.toThrow(RangeError);
});

test("a recording that cannot be written does not spoil the call", async () => {
  const phone = await telephone({ recordTo: "/nonexistent-folder/heard.wav", hangUpAfterMs: 50 });
  const call = await callTo(phone);
  expect(await call.ended).toMatchObject({ endedBy: "customer", sipCode: 200 });
  expect(await phone.saw("hung-up")).toMatchObject({ recording: null });
});
