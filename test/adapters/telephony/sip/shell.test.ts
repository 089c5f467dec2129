import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DialogEnd } from "../../../../adapters/telephony/sip/signalling.ts";
import { CARRIER, createWire, headerOf, OTHER_CARRIER, request, STRANGER, type Wire } from "./wire.ts";

// The core has timers of 32 s that are nobody's business here.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function statuses({ sent }: Wire): readonly string[] {
  return sent.map(({ text }) => text.split(" ", 2)[1] ?? "");
}

test("a stranger is met with silence, and counted", async () => {
  const wire = await createWire();
  wire.receive(request(), STRANGER);
  wire.receive(request({ method: "OPTIONS" }), STRANGER);
  expect(wire.sent).toEqual([]);
  expect(wire.endpoint.counters().get("dropped-stranger")).toBe(2);
});

const REFUSED: readonly (readonly [string, Parameters<typeof request>[0], string])[] = [
  ["a method that we do not have", { method: "REGISTER" }, "405"],
  ["SUBSCRIBE", { method: "SUBSCRIBE" }, "405"],
  ["BYE without a call", { method: "BYE", to: "<sip:a@192.0.2.1>;tag=x" }, "481"],
  ["an unknown URI scheme", { uri: "nobodyKnows:this" }, "416"],
  ["an extension that we do not have", { extra: ["Require: 100rel"] }, "420"],
  ["a body that is not SDP", { extra: ["Content-Encoding: gzip"] }, "415"],
  ["Contact: *", { extra: ["m: *"] }, "400"],
  ["an Accept without SDP", { extra: ["Accept: text/plain"] }, "406"],
  ["a body above the limit", { body: `v=0\r\n${"a=x\r\n".repeat(2_000)}` }, "513"],
];

test.for(REFUSED)("%s is refused without any state", async ([, parts, status]) => {
  const wire = await createWire();
  const text = parts?.extra?.[0] === "m: *" ? request(parts).replace(/Contact: .*\r\n/, "") : request(parts);
  wire.receive(text);
  expect(statuses(wire)).toEqual([status]);
  expect(wire.invites).toEqual([]);
  expect(wire.endpoint.liveCount()).toBe(0);
});

test("OPTIONS is answered 200, and 503 with Retry-After while draining", async () => {
  const wire = await createWire();
  wire.receive(request({ method: "OPTIONS", branch: "z9hG4bKa" }));
  wire.endpoint.drain(true);
  wire.receive(request({ method: "OPTIONS", branch: "z9hG4bKb" }));
  expect(statuses(wire)).toEqual(["200", "503"]);
  expect(headerOf(wire.sent[1]?.text ?? "", "Retry-After")).toBe("10");
});

test("OPTIONS with no hops left is answered, an INVITE is not taken (RFC 3261 11.2)", async () => {
  const wire = await createWire();
  wire.receive(request({ method: "OPTIONS" }).replace("Max-Forwards: 70", "Max-Forwards: 0"));
  wire.receive(request({ branch: "z9hG4bKb" }).replace("Max-Forwards: 70", "Max-Forwards: 0"));
  expect(statuses(wire)).toEqual(["200", "483"]);
});

test("a repeated refusal carries the same tag, so that the peer sees one callee", async () => {
  const wire = await createWire();
  wire.receive(request({ extra: ["Require: x"] }));
  wire.receive(request({ extra: ["Require: x"] }));
  const tags = wire.sent.map(({ text }) => headerOf(text, "To"));
  expect(tags[0]).toMatch(/;tag=[0-9a-f]{16}$/);
  expect(tags[1]).toBe(tags[0]);
});

test("responses go to where the request came from, whatever its Via claims", async () => {
  const wire = await createWire();
  const via = "SIP/2.0/UDP 203.0.113.9:7777;rport=7777;received=203.0.113.9;branch=z9hG4bKx";
  wire.receive(request({ method: "OPTIONS", via }), { host: CARRIER.host, port: 40_000 });
  expect(wire.sent[0]?.to).toEqual({ host: CARRIER.host, port: 40_000 });
  expect(headerOf(wire.sent[0]?.text ?? "", "Via")).toBe(
    "SIP/2.0/UDP 203.0.113.9:7777;branch=z9hG4bKx;received=192.0.2.10;rport=40000",
  );
});

test("a hang-up that another trunk forges is refused with 481, and the call stays", async () => {
  const wire = await createWire();
  wire.receive(request());
  const dialog = wire.invites[0]?.answer("v=0\r\n");
  let ended = false;
  dialog?.onEnded(() => {
    ended = true;
  });
  const to = headerOf(wire.sent.at(-1)?.text ?? "", "To");
  wire.receive(request({ method: "ACK", branch: "z9hG4bKack", to }));
  const bye = request({ method: "BYE", branch: "z9hG4bKbye", to, cseq: 2 });
  wire.receive(bye, OTHER_CARRIER);
  expect([statuses(wire).at(-1), ended]).toEqual(["481", false]);
  wire.receive(bye);
  expect([statuses(wire).at(-1), ended]).toEqual(["200", true]);
});

test("a hang-up with guessed tags is refused with 481, and the call stays", async () => {
  const wire = await createWire();
  wire.receive(request());
  wire.invites[0]?.answer("v=0\r\n");
  wire.receive(request({ method: "BYE", branch: "z9hG4bKb", to: "<sip:a@192.0.2.1>;tag=guess", cseq: 2 }));
  expect(statuses(wire).at(-1)).toBe("481");
});

test("a cancellation that another trunk forges leaves the call ringing (fault 26)", async () => {
  const wire = await createWire();
  wire.receive(request());
  let cancelled = false;
  wire.invites[0]?.onCancelled(() => {
    cancelled = true;
  });
  wire.receive(request({ method: "CANCEL" }), OTHER_CARRIER);
  expect(cancelled).toBe(false);
  wire.receive(request({ method: "CANCEL" }));
  expect(cancelled).toBe(true);
});

test("two peers that use the same branch have two calls (fault 26)", async () => {
  const wire = await createWire();
  wire.receive(request());
  const via = "SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKtest1";
  wire.receive(request({ via, callId: "call-2", fromTag: "second" }), OTHER_CARRIER);
  expect(wire.invites.map(({ callId }) => callId)).toEqual(["call-1", "call-2"]);
});

test("a number in a tel: URI is called, and our BYE keeps the tel: that came (faults 9 and 29)", async () => {
  const wire = await createWire();
  wire.receive(
    request({ uri: "tel:+1-800-555-0100" }).replace("<sip:+12125550199@192.0.2.10>", "<tel:+12125550199>"),
  );
  expect(wire.invites[0]).toMatchObject({ calledUser: "+18005550100", callerUser: "+12125550199" });
  const dialog = wire.invites[0]?.answer("v=0\r\n");
  const to = headerOf(wire.sent.at(-1)?.text ?? "", "To");
  wire.receive(request({ method: "ACK", branch: "z9hG4bKack", to }));
  dialog?.bye();
  expect(headerOf(wire.sent.at(-1)?.text ?? "", "To")).toMatch(/^<tel:\+12125550199>;tag=caller$/);
});

test("a callee's BYE waits for the ACK (RFC 3261 15)", async () => {
  const wire = await createWire();
  wire.receive(request());
  const dialog = wire.invites[0]?.answer("v=0\r\n");
  dialog?.bye();
  expect(wire.sent.some(({ text }) => text.startsWith("BYE"))).toBe(false);
  const to = headerOf(wire.sent.at(-1)?.text ?? "", "To");
  wire.receive(request({ method: "ACK", branch: "z9hG4bKack", to }));
  expect(wire.sent.at(-1)?.text).toMatch(/^BYE /);
});

test("an ACK that never comes ends the call with BYE after 32 s", async () => {
  const wire = await createWire();
  wire.receive(request());
  const ended = vi.fn<(end: DialogEnd) => void>();
  wire.invites[0]?.answer("v=0\r\n")?.onEnded(ended);
  await vi.advanceTimersByTimeAsync(33_000);
  expect(ended).toHaveBeenCalledExactlyOnceWith({ by: "network", q850: null });
  const repeats = wire.sent.filter(({ text }) => text.startsWith("SIP/2.0 200"));
  expect(repeats.length).toBeGreaterThan(8);
  expect(wire.sent.at(-1)?.text).toMatch(/^BYE /);
});

test("a peer's Contact cannot make us send to a third party", async () => {
  const wire = await createWire();
  wire.receive(request().replace("sip:caller@192.0.2.10:5060", "sip:victim@203.0.113.9:5060"));
  const dialog = wire.invites[0]?.answer("v=0\r\n");
  const to = headerOf(wire.sent.at(-1)?.text ?? "", "To");
  wire.receive(request({ method: "ACK", branch: "z9hG4bKack", to }));
  dialog?.bye();
  expect(wire.sent.at(-1)).toMatchObject({ to: CARRIER, text: expect.stringMatching(/^BYE sip:victim@/) });
});

test("a Contact with a name is not looked up: our requests go to the trunk's own address", async () => {
  const wire = await createWire();
  wire.receive(request().replace("sip:caller@192.0.2.10:5060", "sip:caller@gateway.example"));
  const dialog = wire.invites[0]?.answer("v=0\r\n");
  const to = headerOf(wire.sent.at(-1)?.text ?? "", "To");
  wire.receive(request({ method: "ACK", branch: "z9hG4bKack", to }));
  dialog?.bye();
  expect(wire.sent.at(-1)).toMatchObject({
    to: CARRIER,
    text: expect.stringMatching(/^BYE sip:caller@gateway/),
  });
  expect(wire.endpoint.counters().get("pinned")).toBe(1);
});

test("an ACK that another trunk forges is dropped", async () => {
  const wire = await createWire();
  wire.receive(request());
  const dialog = wire.invites[0]?.answer("v=0\r\n");
  const heard: (string | null)[] = [];
  dialog?.onAck((sdp) => heard.push(sdp));
  const to = headerOf(wire.sent.at(-1)?.text ?? "", "To");
  wire.receive(request({ method: "ACK", branch: "z9hG4bKack", to }), OTHER_CARRIER);
  expect(heard).toEqual([]);
  wire.receive(request({ method: "ACK", branch: "z9hG4bKack", to }));
  expect(heard).toEqual([null]);
});

test("a flood of calls is answered 503 without state above the limit, and the rest is taken", async () => {
  const wire = await createWire({ limits: { invitesPerSecondMax: 10, inviteBurstMax: 20 } });
  for (let index = 0; index < 200; index += 1) {
    wire.receive(request({ branch: `z9hG4bK${index}`, callId: `call-${index}` }));
  }
  expect(wire.invites).toHaveLength(20);
  expect(statuses(wire).filter((status) => status === "503")).toHaveLength(180);
  expect(wire.endpoint.counters().get("refused-503")).toBe(180);
});

test("calls above the number of live transactions are refused with 503", async () => {
  const wire = await createWire({ limits: { serverTransactionsMax: 3 } });
  for (let index = 0; index < 5; index += 1) {
    wire.receive(request({ branch: `z9hG4bK${index}`, callId: `call-${index}` }));
  }
  expect([wire.invites.length, statuses(wire)]).toEqual([3, ["503", "503"]]);
});

test("a peer that floods us is dropped unread", async () => {
  const wire = await createWire({ limits: { peerDatagramsPerSecondMax: 10, peerDatagramBurstMax: 5 } });
  for (let index = 0; index < 50; index += 1) wire.receive("x".repeat(40));
  expect(wire.endpoint.counters().get("dropped-flood")).toBe(45);
});

test("60 KB with 6,000 contacts are refused with 513 in a millisecond", async () => {
  vi.useRealTimers();
  const wire = await createWire();
  const contacts = Array.from({ length: 6_000 }, (_, index) => `<sip:a${index}@b>`).join(",");
  const text = request({ extra: [`m: ${contacts}`] });
  const start = performance.now();
  wire.receive(text);
  expect(performance.now() - start).toBeLessThan(20);
  expect(wire.endpoint.counters().get("malformed-513")).toBe(1);
  await wire.endpoint.close();
});

// The messages of RFC 4475 once more, through the whole shell. Trunks are known there by any address.
const FOLDER = join(import.meta.dirname, "../../../../../shared/sip-torture");

const TORTURE_ANSWERS: readonly (readonly [string, readonly string[]])[] = [
  ["badinv01", ["400"]],
  ["clerr", ["400"]],
  ["ncl", ["400"]],
  ["scalar02", ["405", "400"]],
  ["scalarlg", []],
  ["quotbal", ["400"]],
  ["lwsruri", ["400"]],
  ["badaspec", ["400"]],
  ["regbadct", ["400", "405"]],
  ["badvers", ["505"]],
  ["mismatch01", ["400"]],
  ["mismatch02", ["400"]],
  ["bigcode", []],
  ["unkscm", ["416"]],
  ["novelsc", ["416"]],
  ["bext01", ["405", "420"]],
  ["invut", ["415"]],
  ["regaut01", ["405"]],
  ["multi01", ["400"]],
  ["mcl01", ["400"]],
  ["bcast", []],
  ["zeromf", ["200", "483"]],
  ["sdp01", ["406"]],
];

test.for(TORTURE_ANSWERS)("torture message %s is answered %s", async ([name, answers], context) => {
  if (!existsSync(FOLDER)) context.skip(`the torture messages are not in ${FOLDER}`);
  const wire = await createWire();
  wire.receive(readFileSync(join(FOLDER, `${name}.dat`)));
  expect(wire.invites).toEqual([]);
  expect(statuses(wire).length).toBe(answers.length === 0 ? 0 : 1);
  expect(statuses(wire).every((status) => answers.includes(status))).toBe(true);
});

test.for([
  "wsinv",
  "inv2543",
  "noreason",
  "unreason",
  "dblreq",
  "longreq",
  "insuf",
])("torture message %s does no harm", async (name, context) => {
  if (!existsSync(FOLDER)) context.skip(`the torture messages are not in ${FOLDER}`);
  const wire = await createWire();
  wire.receive(readFileSync(join(FOLDER, `${name}.dat`)));
  expect(wire.log.lines).toEqual([]);
});

test("a call from before RFC 3261 is taken: no branch cookie, no Contact (inv2543)", async (context) => {
  if (!existsSync(FOLDER)) context.skip(`the torture messages are not in ${FOLDER}`);
  const wire = await createWire();
  wire.receive(readFileSync(join(FOLDER, "inv2543.dat")));
  expect(wire.invites).toHaveLength(1);
  wire.invites[0]?.ring();
  expect(statuses(wire)).toEqual(["180"]);
});
