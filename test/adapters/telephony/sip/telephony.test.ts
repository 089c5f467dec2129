import { afterEach, expect, test } from "vitest";
import { createSystemClock } from "../../../../adapters/system/clock.ts";
import type { SipEndpoint } from "../../../../adapters/telephony/sip/signalling.ts";
import { instant, milliseconds } from "../../../../domain/kernel/time.ts";
import type { CallProgress } from "../../../../domain/ports/telephony.ts";
import { outcomeOf } from "../../../../domain/session/outcome.ts";
import {
  type House,
  house,
  order,
  PERMIT,
  PHONE_SDP,
  phone,
  trunkTo,
  type Watched,
  watch,
} from "./exchange.ts";

const clock = createSystemClock();
const open: { stop?: () => Promise<void>; close?: () => Promise<void> }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0)) await (thing.stop?.() ?? thing.close?.());
});

async function connected(
  onInvite: Parameters<typeof phone>[0],
  change: Parameters<typeof trunkTo>[1] = {},
  options: Parameters<typeof house>[1] = {},
): Promise<House & { readonly telephone: SipEndpoint }> {
  const telephone = await phone(onInvite);
  const found = await house([trunkTo(telephone.local.port, change)], options);
  open.push(found.telephony, telephone);
  return { ...found, telephone };
}

function dial({ telephony }: House, change: Parameters<typeof order>[1] = {}): Watched {
  return watch((onProgress) => telephony.place(order(clock, change), PERMIT, onProgress));
}

function types(steps: readonly CallProgress[]): readonly string[] {
  return steps.map(({ type }) => type);
}

test("a call that is answered is placed, rings, is answered, and ends when we hang up (I05)", async () => {
  const { telephone: _, ...found } = await connected((invite) => {
    invite.ring();
    invite.answer(PHONE_SDP);
  });
  const call = dial(found);
  await call.saw("answered");
  call.call.hangUp();
  const ending = await call.ended;
  expect(types(call.steps)).toEqual(["placed", "ringing", "answered", "ended"]);
  expect(ending).toMatchObject({ endedBy: "us", localCause: "hung-up", sipCode: 200, alerted: true });
  expect(found.media.sessions[0]?.agreements).toEqual([
    {
      remoteAddress: "127.0.0.1",
      remotePort: 30_000,
      codec: "PCMU",
      payloadType: 0,
      sendEventsAs: 101,
      receiveEventsAs: 101,
      sourceCheck: "strict",
      sending: true,
    },
  ]);
  expect(found.media.sessions[0]?.isClosed()).toBe(true);
});

test("a customer who hangs up ends the call, and the leg hears of it", async () => {
  const found = await connected((invite) => {
    const dialog = invite.answer(PHONE_SDP);
    dialog?.onAck(() => dialog.bye());
  });
  const call = dial(found);
  expect(await call.ended).toMatchObject({
    endedBy: "customer",
    localCause: null,
    sipCode: 200,
    alerted: false,
  });
  expect(found.media.sessions[0]?.isHungUp()).toBe(true);
});

test("a refusal is told with its status and Q.850 cause", async () => {
  const found = await connected((invite) => {
    invite.ring();
    invite.reject(480, [{ name: "Reason", value: 'SIP;cause=480, Q.850;cause=19;text="no answer"' }]);
  });
  const ending = await dial(found).ended;
  expect(ending).toMatchObject({
    endedBy: "network",
    sipCode: 480,
    q850: 19,
    alerted: true,
    answeredAt: null,
  });
});

test("a trunk that is full says when to come again, and that is told", async () => {
  const found = await connected((invite) => invite.reject(503, [{ name: "Retry-After", value: "30" }]));
  const ending = await dial(found).ended;
  expect(ending).toMatchObject({ sipCode: 503, retryAfterSeconds: 30, trunkRefusesAtOnce: false });
  expect(outcomeOf(ending, null)).toBe("throttled");
});

test("a redirection is not followed", async () => {
  const found = await connected((invite) =>
    invite.redirect({ user: "+19005550100", host: "127.0.0.1", port: 9 }),
  );
  const ending = await dial(found).ended;
  expect(ending).toMatchObject({ localCause: "redirect-refused", sipCode: 302 });
});

test("a telephone that rings too long is cancelled", async () => {
  const cancelled = Promise.withResolvers<void>();
  const found = await connected((invite) => {
    invite.onCancelled(cancelled.resolve);
    invite.ring();
  });
  const call = dial(found, { ringTimeoutMs: milliseconds(50) });
  await cancelled.promise;
  expect(await call.ended).toMatchObject({
    endedBy: "us",
    localCause: "ring-timeout",
    sipCode: 487,
    alerted: true,
  });
});

test("no INVITE leaves after the last permitted moment", async () => {
  let invited = 0;
  const found = await connected(() => {
    invited += 1;
  });
  const call = dial(found, { callBefore: instant(clock.now() - 1) });
  expect(await call.ended).toMatchObject({ localCause: "too-late", invitedAt: null });
  expect(types(call.steps)).toEqual(["ended"]);
  expect(invited).toBe(0);
});

test("an answered call is ended at its session limit", async () => {
  const found = await connected((invite) => void invite.answer(PHONE_SDP));
  const call = dial(found, { maxSessionMs: milliseconds(30) });
  expect(await call.ended).toMatchObject({ endedBy: "us", localCause: "session-limit" });
});

test("a call without audio is ended by the media timeout", async () => {
  const found = await connected((invite) => void invite.answer(PHONE_SDP));
  const call = dial(found);
  await call.saw("answered");
  found.media.sessions[0]?.timeOut();
  expect(await call.ended).toMatchObject({ endedBy: "us", localCause: "media-timeout" });
});

test("an answer whose audio we cannot speak is acknowledged and ended", async () => {
  const found = await connected((invite) => void invite.answer(PHONE_SDP.replace("0 8 101", "3 101")));
  expect(await dial(found).ended).toMatchObject({ localCause: "media-not-agreed", endedBy: "us" });
});

test("an answer that sends our audio outside the trunk's addresses is ended", async () => {
  const found = await connected(
    (invite) => void invite.answer(PHONE_SDP.replaceAll("IN IP4 127.0.0.1", "IN IP4 192.0.2.7")),
  );
  expect(await dial(found).ended).toMatchObject({ localCause: "media-not-agreed" });
});

test("a media plane without ports leaves the telephone alone, and frees the channel", async () => {
  const found = await connected(() => undefined);
  found.media.failNext();
  expect(await dial(found).ended).toMatchObject({ localCause: "transport-failed", invitedAt: null });
  expect(found.telephony.channelsInUse().get("carrier")).toBe(0);
});

test("a full trunk takes no further call", async () => {
  const found = await connected((invite) => invite.ring(), { channels: 1 });
  const first = dial(found);
  await first.saw("ringing");
  expect(await dial(found).ended).toMatchObject({ localCause: "transport-failed", invitedAt: null });
  first.call.hangUp();
  await first.ended;
});

test("an incoming call is taken, talked to, and ended by the caller (I04)", async () => {
  const watched = Promise.withResolvers<Watched>();
  const found = await connected(
    () => undefined,
    {},
    {
      onIncoming: (call) => {
        expect(call).toMatchObject({ trunk: "carrier", caller: "+12125550199", called: "+18005550100" });
        let say: ((progress: CallProgress) => void) | null = null;
        watched.resolve(
          watch((onProgress) => {
            say = onProgress;
            return call;
          }),
        );
        return { take: true, maxSessionMs: milliseconds(60_000), onProgress: (progress) => say?.(progress) };
      },
    },
  );
  const target = { user: "+18005550100", ...(found.telephony.sipAddress() ?? { host: "", port: 0 }) };
  const failed = Promise.withResolvers<unknown>();
  found.telephone.invite(
    { target, from: { user: "+12125550199", host: "127.0.0.1" }, sdp: PHONE_SDP },
    { onAnswered: (dialog) => dialog.bye(), onFailed: failed.resolve },
  );
  const call = await Promise.race([
    watched.promise,
    failed.promise.then((why) => Promise.reject(new Error(JSON.stringify(why)))),
  ]);
  expect(await call.ended).toMatchObject({ endedBy: "customer", sipCode: 200 });
  expect(types(call.steps)).toEqual(["answered", "ended"]);
});

test("an incoming call without a port is refused with the status and Retry-After it was given", async () => {
  const found = await connected(
    () => undefined,
    {},
    {
      onIncoming: () => ({ take: false, sipCode: 503, retryAfterSeconds: 30 }),
    },
  );
  const target = { user: "100", ...(found.telephony.sipAddress() ?? { host: "", port: 0 }) };
  const failure = await new Promise((resolve, reject) => {
    found.telephone.invite(
      { target, from: { user: "anonymous", host: "127.0.0.1" }, sdp: PHONE_SDP },
      { onAnswered: () => reject(new Error("answered")), onFailed: resolve },
    );
  });
  expect(failure).toEqual({ how: "rejected", status: 503, q850: null, retryAfterSeconds: 30 });
});

test("while draining, new callers get 503 and a call in progress goes on", async () => {
  const found = await connected((invite) => void invite.answer(PHONE_SDP));
  const running = dial(found);
  await running.saw("answered");
  found.telephony.drain(true);
  const target = { user: "100", ...(found.telephony.sipAddress() ?? { host: "", port: 0 }) };
  const failure = await new Promise((resolve, reject) => {
    found.telephone.invite(
      { target, from: { user: "1", host: "127.0.0.1" }, sdp: PHONE_SDP },
      { onAnswered: () => reject(new Error("answered")), onFailed: resolve },
    );
  });
  expect(failure).toMatchObject({ status: 503, retryAfterSeconds: 10 });
  expect(types(running.steps)).not.toContain("ended");
});

test("stopping ends the calls that are up with BYE and those that ring with CANCEL", async () => {
  let byes = 0;
  let cancels = 0;
  let calls = 0;
  const found = await connected((invite) => {
    calls += 1;
    invite.onCancelled(() => {
      cancels += 1;
    });
    if (calls === 2) return invite.ring();
    invite.answer(PHONE_SDP)?.onEnded(() => {
      byes += 1;
    });
  });
  const up = dial(found);
  await up.saw("answered");
  const ringing = dial(found);
  await ringing.saw("ringing");
  await found.telephony.stop();
  expect([byes, cancels]).toEqual([1, 1]);
  expect(await up.ended).toMatchObject({ endedBy: "us" });
  expect(await ringing.ended).toMatchObject({ endedBy: "us", localCause: "hung-up" });
});
