import { createSocket } from "node:dgram";
import { afterEach, expect, test } from "vitest";
import { createSystemClock } from "../../../../adapters/system/clock.ts";
import type { IncomingInvite, SipEndpoint } from "../../../../adapters/telephony/sip/signalling.ts";
import { milliseconds } from "../../../../domain/kernel/time.ts";
import type { CallProgress, IncomingAnswer } from "../../../../domain/ports/telephony.ts";
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
const cleanUp: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const undo of cleanUp.splice(0)) await undo();
});

async function connected(
  onInvite: (invite: IncomingInvite) => void,
  trunk: Parameters<typeof trunkTo>[1] = {},
  options: Parameters<typeof house>[1] = {},
): Promise<House & { readonly telephone: SipEndpoint }> {
  const telephone = await phone(onInvite);
  const found = await house([trunkTo(telephone.local.port, trunk)], options);
  cleanUp.push(
    () => found.telephony.stop(),
    () => telephone.close(),
  );
  return { ...found, telephone };
}

function dial({ telephony }: House, change: Parameters<typeof order>[1] = {}): Watched {
  return watch((onProgress) => telephony.place(order(clock, change), PERMIT, onProgress));
}

test("no telephone rings longer than the answer timeout, whatever the order says", async () => {
  const found = await connected(
    (invite) => invite.ring(),
    {},
    {
      config: { timers: { answerTimeoutMs: milliseconds(60) } },
    },
  );
  const call = dial(found, { ringTimeoutMs: milliseconds(600_000) });
  expect(await call.ended).toMatchObject({ localCause: "ring-timeout", sipCode: 487 });
});

test("hanging up before the INVITE has left leaves the telephone alone", async () => {
  let invited = 0;
  const found = await connected(() => {
    invited += 1;
  });
  const call = dial(found);
  call.call.hangUp();
  expect(await call.ended).toMatchObject({ localCause: "hung-up", invitedAt: null });
  expect(invited).toBe(0);
});

test("hanging up twice, or after the end, does nothing more", async () => {
  const found = await connected((invite) => void invite.answer(PHONE_SDP));
  const call = dial(found);
  await call.saw("answered");
  call.call.hangUp("hung-up");
  call.call.hangUp("media-timeout");
  expect(await call.ended).toMatchObject({ localCause: "hung-up" });
  call.call.hangUp();
  expect(call.steps.filter(({ type }) => type === "ended")).toHaveLength(1);
});

test("a trunk outside loopback's permission is refused at the start, with what to do", async () => {
  await expect(house([trunkTo(5060)], { config: { allowLoopback: false } })).rejects.toThrow(
    /allow loopback/,
  );
});

test("a trunk without address is refused at the start, with what to do", async () => {
  await expect(house([trunkTo(5060, { host: "nowhere.invalid" })])).rejects.toThrow(
    /host "nowhere.invalid" of trunk carrier/,
  );
});

test("an address block that is none is refused at the start", async () => {
  await expect(house([trunkTo(5060, { mediaAddresses: ["10.0.0.0/99"] })])).rejects.toThrow(
    /10\.0\.0\.0\/99/,
  );
});

test("a port that is taken is refused at the start, with what to do", async () => {
  const taken = await phone(() => undefined);
  cleanUp.push(() => taken.close());
  const sip = { listenAddress: "127.0.0.1", listenPort: taken.local.port };
  await expect(house([trunkTo(5060)], { config: { sip } })).rejects.toThrow(/cannot be bound/);
});

type Caller = { readonly answered: Promise<string | null>; readonly failed: Promise<number | null> };

function callIn(
  found: House & { readonly telephone: SipEndpoint },
  sdp = PHONE_SDP,
): Caller & { end(): void } {
  const answered = Promise.withResolvers<string | null>();
  const failed = Promise.withResolvers<number | null>();
  const target = { user: "100", ...(found.telephony.sipAddress() ?? { host: "", port: 0 }) };
  const invite = found.telephone.invite(
    { target, from: { user: "12125550199", host: "127.0.0.1" }, sdp },
    {
      onAnswered: (_dialog, answer) => answered.resolve(answer),
      onFailed: ({ status }) => failed.resolve(status),
    },
  );
  return { answered: answered.promise, failed: failed.promise, end: () => invite.end() };
}

function taking(steps: CallProgress[]): IncomingAnswer {
  return {
    take: true,
    maxSessionMs: milliseconds(60_000),
    onProgress: (progress) => void steps.push(progress),
  };
}

test("a caller whose audio we cannot speak gets 488, and the port is free again", async () => {
  const steps: CallProgress[] = [];
  const found = await connected(() => undefined, {}, { onIncoming: () => taking(steps) });
  const caller = callIn(found, PHONE_SDP.replace("RTP/AVP 0 8 101", "RTP/AVP 3"));
  expect(await caller.failed).toBe(488);
  expect(steps).toMatchObject([
    { type: "ended", ending: { localCause: "media-not-agreed", answeredAt: null } },
  ]);
  expect(found.telephony.channelsInUse().get("carrier")).toBe(0);
});

test("a caller beyond the trunk's channels gets 503 before anybody is asked", async () => {
  const steps: CallProgress[] = [];
  let asked = 0;
  const found = await connected(
    () => undefined,
    { channels: 1 },
    {
      onIncoming: () => {
        asked += 1;
        return taking(steps);
      },
    },
  );
  await callIn(found).answered;
  expect([await callIn(found).failed, asked]).toEqual([503, 1]);
});

test("a caller's number is E.164 as the trunk writes it, and nothing else is one", async () => {
  const callers: (string | null)[] = [];
  const found = await connected(
    () => undefined,
    { numbers: "digits" },
    {
      onIncoming: (call) => {
        callers.push(call.caller);
        return { take: false, sipCode: 486, retryAfterSeconds: null };
      },
    },
  );
  await callIn(found).failed;
  expect(callers).toEqual(["+12125550199"]);
});

test("we hang up a caller with BYE", async () => {
  const ended = Promise.withResolvers<CallProgress>();
  const found = await connected(
    () => undefined,
    {},
    {
      onIncoming: (call) => ({
        take: true,
        maxSessionMs: milliseconds(60_000),
        onProgress: (progress) => {
          if (progress.type === "answered") call.hangUp();
          else ended.resolve(progress);
        },
      }),
    },
  );
  callIn(found);
  expect(await ended.promise).toMatchObject({ ending: { endedBy: "us", localCause: "hung-up" } });
});

test("a caller who wants our offer gets it, and answers in the ACK (RFC 3264 5)", async () => {
  // The core always offers in an INVITE of ours: this caller is written by hand.
  const steps: CallProgress[] = [];
  const answered = Promise.withResolvers<void>();
  const port = createSocket("udp4");
  await new Promise<void>((resolve) => {
    port.bind(0, "127.0.0.1", resolve);
  });
  const found = await house([trunkTo(port.address().port)], {
    onIncoming: () => ({
      take: true,
      maxSessionMs: milliseconds(60_000),
      onProgress: (progress) => {
        steps.push(progress);
        if (progress.type === "answered") answered.resolve();
      },
    }),
  });
  cleanUp.push(
    () => found.telephony.stop(),
    () => void port.close(),
  );
  const to = found.telephony.sipAddress()?.port ?? 0;
  const heard = new Promise<string>((resolve) => {
    port.on("message", (datagram) => {
      const text = datagram.toString();
      if (text.startsWith("SIP/2.0 200") && text.includes("INVITE")) resolve(text);
    });
  });
  const write = (method: string, toTag: string, body: string): string =>
    [
      `${method} sip:100@127.0.0.1:${to} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${port.address().port};branch=z9hG4bK${method}`,
      "From: <sip:1@127.0.0.1>;tag=a",
      `To: <sip:100@127.0.0.1>${toTag}`,
      "Call-ID: delayed",
      `CSeq: 1 ${method}`,
      `Contact: <sip:1@127.0.0.1:${port.address().port}>`,
      "Max-Forwards: 70",
      ...(body === "" ? [] : ["Content-Type: application/sdp"]),
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
  port.send(write("INVITE", "", ""), to, "127.0.0.1");
  const ok = await heard;
  expect(ok).toContain("m=audio 20000 RTP/AVP 0 8 101");
  expect(steps).toEqual([]);
  port.send(write("ACK", `;tag=${/^To: .*tag=(\w+)/m.exec(ok)?.[1]}`, PHONE_SDP), to, "127.0.0.1");
  await answered.promise;
  expect(found.media.sessions[0]?.agreements).toMatchObject([{ remotePort: 30_000, codec: "PCMU" }]);
});
