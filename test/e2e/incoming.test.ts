import { afterEach, expect, test } from "vitest";
import type { PhoneEvent, RunningPhone } from "../../adapters/cli/phone-command.ts";
import { startPhone } from "../../compose-phone.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { type Processes, ringingPhone, startProcesses, startWeb } from "../support/processes.ts";
import { hello } from "../support/programs.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

type Inbound = Extract<RequestEvent, { type: "InboundStarted" | "InboundEnded" }>;

/** Follows the house's log until so many incoming calls have begun and ended. */
function inbound(house: Processes, type: Inbound["type"], count: number): Promise<readonly Inbound[]> {
  const found: Inbound[] = [];
  return new Promise((resolve) => {
    const subscription = house.log.follow("events", "start", (records) => {
      for (const record of records) {
        if (!record.ok || record.message?.type !== type) continue;
        found.push(record.message);
      }
      if (found.length >= count) resolve(found);
    });
    stops.push(() => subscription.stop());
  });
}

async function openHouse(settings: Record<string, string>): Promise<{ house: Processes; sip: string }> {
  const trunk = await ringingPhone();
  stops.push(() => trunk.stop());
  const house = await startProcesses({
    trunk: trunk.address,
    roles: ["telephony", "dispatcher"],
    settings,
  });
  stops.push(() => house.stop());
  const listens = await house.supervisor.whenReady("telephony");
  return { house, sip: listens["sip"] ?? "" };
}

type Caller = RunningPhone & {
  readonly events: readonly PhoneEvent[];
  /** Resolves when this happens at the telephone, or has happened. */
  saw(what: string): Promise<PhoneEvent>;
};

async function caller(sip: string): Promise<Caller> {
  const events: PhoneEvent[] = [];
  const waiting = new Map<string, PromiseWithResolvers<PhoneEvent>>();
  const once = (what: string): PromiseWithResolvers<PhoneEvent> => {
    const known = waiting.get(what) ?? Promise.withResolvers<PhoneEvent>();
    waiting.set(what, known);
    return known;
  };
  const phone = await startPhone(
    {
      listen: "127.0.0.1:0",
      behaviour: "answer",
      declineCode: 603,
      answerAfterMs: 0,
      keys: [],
      hangUpAfterMs: null,
      recordTo: null,
      call: `sip:+18005550100@${sip}`,
    },
    (event) => {
      events.push(event);
      once(event.what).resolve(event);
    },
  );
  stops.push(() => phone.stop());
  return { ...phone, events, saw: (what) => once(what).promise };
}

const BYE_BYE =
  '<vxml xmlns="http://www.w3.org/2001/vxml" version="2.1"><form><block><prompt>Welcome.</prompt><disconnect/></block></form></vxml>';
const TALK = hello("20s");

test("who calls in hears the callers' document, and the port is free for the next (I02, I04)", async () => {
  const fetched: string[] = [];
  const web = await startWeb((request, response) => {
    fetched.push(request.url ?? "");
    response.writeHead(200, { "content-type": "application/voicexml+xml" }).end(BYE_BYE);
  });
  stops.push(() => web.close());
  const { house, sip } = await openHouse({
    REVEILLE_PORTS: "1",
    REVEILLE_INBOUND_RESERVE: "0",
    REVEILLE_CALLER_DOCUMENT: `${web.url}/callers.vxml`,
  });
  for (const turn of [1, 2]) {
    const phone = await caller(sip);
    const ended = await inbound(house, "InboundEnded", turn);
    expect(ended[turn - 1]).toMatchObject({ endedBy: "us", port: 1 });
    await phone.saw("hung-up");
    expect(phone.events.map(({ what }) => what)).toContain("speech-started");
  }
  const started = await inbound(house, "InboundStarted", 2);
  expect(new Set(started.map(({ inboundId }) => inboundId)).size).toBe(2);
  expect(fetched).toContain("/callers.vxml");
});

test("a second caller is told that the only port is busy, and the first talks on (I02)", async () => {
  const web = await startWeb((_request, response) => {
    response.writeHead(200, { "content-type": "application/voicexml+xml" }).end(TALK);
  });
  stops.push(() => web.close());
  const { house, sip } = await openHouse({
    REVEILLE_PORTS: "1",
    REVEILLE_INBOUND_RESERVE: "0",
    REVEILLE_CALLER_DOCUMENT: `${web.url}/callers.vxml`,
  });
  const first = await caller(sip);
  await inbound(house, "InboundStarted", 1);
  const second = await caller(sip);
  expect((await second.saw("not-answered")).detail).toBe("with 486");
  expect(first.events.map(({ what }) => what)).not.toContain("hung-up");
  first.hangUp();
  const ended = await inbound(house, "InboundEnded", 1);
  expect(ended[0]).toMatchObject({ endedBy: "customer" });
});
