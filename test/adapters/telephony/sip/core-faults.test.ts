import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { newBranch } from "../../../../adapters/telephony/sip/random-token.ts";
import type { InviteFailure, SipDialog } from "../../../../adapters/telephony/sip/signalling.ts";
import { answerTo, CARRIER, createWire, headerOf, OFFER, OTHER_CARRIER, request, type Wire } from "./wire.ts";

// Each test is one fault of sip.js 0.21.2 that the shell or `mendSipCore` makes good.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Dialled = {
  readonly wire: Wire;
  readonly ringing: number[];
  readonly answered: SipDialog[];
  readonly failed: InviteFailure[];
  readonly end: () => void;
};

async function dial(wire?: Wire): Promise<Dialled> {
  const found = wire ?? (await createWire());
  const ringing: number[] = [];
  const answered: SipDialog[] = [];
  const failed: InviteFailure[] = [];
  const invite = found.endpoint.invite(
    {
      target: { user: "+12125550123", ...CARRIER },
      from: { user: "reveille", host: "reveille.example" },
      sdp: OFFER,
    },
    {
      onRinging: ({ status }) => ringing.push(status),
      onAnswered: (dialog) => answered.push(dialog),
      onFailed: (failure) => failed.push(failure),
    },
  );
  return { wire: found, ringing, answered, failed, end: () => invite.end() };
}

function count(wire: Wire, start: string): number {
  return wire.sent.filter(({ text }) => text.startsWith(start)).length;
}

function last(wire: Wire): Wire["sent"][number] {
  const sent = wire.sent.at(-1);
  if (sent === undefined) throw new Error("nothing was sent");
  return sent;
}

test("an unanswered INVITE is repeated after 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s (fault 1, timer A)", async () => {
  const { wire, failed } = await dial();
  const counts: number[] = [];
  for (const advance of [499, 1, 1_000, 2_000, 4_000, 8_000, 16_000]) {
    await vi.advanceTimersByTimeAsync(advance);
    counts.push(count(wire, "INVITE"));
  }
  expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7]);
  await vi.advanceTimersByTimeAsync(40_000);
  expect(count(wire, "INVITE")).toBe(7);
  expect(failed).toEqual([{ how: "no-response", status: null, q850: null, retryAfterSeconds: null }]);
});

test("any response ends the repeats of an INVITE (fault 1)", async () => {
  const { wire } = await dial();
  wire.receive(answerTo(last(wire), "100 Trying"));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(count(wire, "INVITE")).toBe(1);
});

test("an unanswered BYE is repeated up to every 4 s, for 32 s (fault 2, timer E)", async () => {
  const { wire, answered } = await dial();
  wire.receive(answerTo(last(wire), "200 OK", ["Contact: <sip:a@192.0.2.10>"], OFFER));
  answered[0]?.bye();
  const counts: number[] = [];
  for (const advance of [500, 1_000, 2_000, 4_000, 4_000]) {
    await vi.advanceTimersByTimeAsync(advance);
    counts.push(count(wire, "BYE"));
  }
  expect(counts).toEqual([2, 3, 4, 5, 6]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(count(wire, "BYE")).toBe(11);
});

test("our refusal is repeated until the ACK (fault 3, timer G)", async () => {
  const wire = await createWire();
  wire.receive(request());
  wire.invites[0]?.reject(486);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(count(wire, "SIP/2.0 486")).toBe(3);
  const to = headerOf(last(wire).text, "To");
  wire.receive(request({ method: "ACK", to }));
  await vi.advanceTimersByTimeAsync(30_000);
  expect(count(wire, "SIP/2.0 486")).toBe(3);
});

test("a stateless refusal is sent once, or one forged packet would cost us eleven", async () => {
  const wire = await createWire();
  wire.receive(request({ extra: ["Require: x"] }));
  await vi.advanceTimersByTimeAsync(40_000);
  expect(wire.sent).toHaveLength(1);
});

test("a refused INVITE stays known for 32 s, and its repeated refusal is acknowledged again (fault 4)", async () => {
  const { wire } = await dial();
  const invite = last(wire);
  wire.receive(answerTo(invite, "486 Busy Here"));
  await vi.advanceTimersByTimeAsync(10_000);
  wire.receive(answerTo(invite, "486 Busy Here"));
  expect(count(wire, "ACK")).toBe(2);
});

test("a repeated 200 gets its ACK again (5)", async () => {
  const { wire } = await dial();
  const invite = last(wire);
  const ok = answerTo(invite, "200 OK", ["Contact: <sip:a@192.0.2.10>"], OFFER);
  wire.receive(ok);
  wire.receive(ok);
  expect(count(wire, "ACK")).toBe(2);
});

test("branches never meet (fault 6)", () => {
  const branches = Array.from({ length: 20_000 }, newBranch);
  expect(new Set(branches).size).toBe(branches.length);
  expect(branches[0]).toMatch(/^z9hG4bK[\w-]{12}$/);
});

test("a response with a bad CSeq is dropped without a word (fault 8)", async () => {
  const { wire } = await dial();
  wire.receive(answerTo(last(wire), "200 OK").replace(/CSeq: .*/, "CSeq: one INVITE"));
  expect(wire.log.lines).toEqual([]);
  expect(wire.endpoint.counters().get("malformed-400")).toBe(1);
});

test("a request without To is dropped (fault 10)", async () => {
  const wire = await createWire();
  wire.receive(request().replace(/To: .*\r\n/, ""));
  expect([wire.sent, wire.invites, wire.log.lines]).toEqual([[], [], []]);
});

test("a ringing without To tag or Contact is told (fault 14)", async () => {
  const { wire, ringing } = await dial();
  wire.receive(answerTo(last(wire), "180 Ringing").replace(";tag=callee", ""));
  wire.receive(answerTo(last(wire), "183 Session Progress"));
  expect(ringing).toEqual([180, 183]);
});

test("an answer without Contact is acknowledged at the number that was called (fault 14)", async () => {
  const { wire, answered } = await dial();
  wire.receive(answerTo(last(wire), "200 OK", [], OFFER));
  expect(answered).toHaveLength(1);
  expect(last(wire)).toMatchObject({
    text: expect.stringMatching(/^ACK sip:\+12125550123@192\.0\.2\.10:5060 /),
    to: CARRIER,
  });
});

test("an answer whose Contact is no address counts as one without (fault 11)", async () => {
  const { wire, answered } = await dial();
  wire.receive(answerTo(last(wire), "200 OK", ["Contact: nonsense <"], OFFER));
  expect(answered).toHaveLength(1);
});

test("every number that a trunk sends is ours (fault 19)", async () => {
  const wire = await createWire();
  wire.receive(request({ uri: "sip:anybody@192.0.2.1" }));
  wire.receive(request({ uri: "sip:192.0.2.1", branch: "z9hG4bKtwo", callId: "call-2" }));
  expect(wire.invites.map(({ calledUser }) => calledUser)).toEqual(["anybody", ""]);
});

test("a body without Content-Type is refused with 400, and no half call remains (fault 28)", async () => {
  const wire = await createWire();
  wire.receive(request().replace("Content-Type: application/sdp\r\n", ""));
  expect([wire.sent[0]?.text.split("\r\n", 1)[0], wire.endpoint.liveCount()]).toEqual([
    "SIP/2.0 400 Bad Request",
    0,
  ]);
});

test("a header with _ in its name does not become another (fault 27)", async () => {
  const { wire, answered } = await dial();
  const trap = ["Record_Route: <sip:203.0.113.9;lr>", "Contact: <sip:a@192.0.2.10>"];
  wire.receive(answerTo(last(wire), "200 OK", trap, OFFER));
  answered[0]?.bye();
  expect(last(wire).text).not.toContain("203.0.113.9");
});

test("a second 200 of a forked call is acknowledged and ended, the first goes on", async () => {
  const { wire, answered } = await dial();
  const invite = last(wire);
  const ok = answerTo(invite, "200 OK", ["Contact: <sip:a@192.0.2.10>"], OFFER);
  wire.receive(ok);
  wire.receive(ok.replace("tag=callee", "tag=elsewhere"));
  expect(answered).toHaveLength(1);
  expect([count(wire, "ACK"), count(wire, "BYE")]).toEqual([2, 1]);
  expect(headerOf(last(wire).text, "To")).toMatch(/tag=elsewhere$/);
});

test("a 200 that crosses our CANCEL is acknowledged and ended", async () => {
  const { wire, end, failed, answered } = await dial();
  const invite = last(wire);
  wire.receive(answerTo(invite, "180 Ringing"));
  end();
  wire.receive(answerTo(invite, "200 OK", ["Contact: <sip:a@192.0.2.10>"], OFFER));
  expect([count(wire, "CANCEL"), count(wire, "ACK"), count(wire, "BYE")]).toEqual([1, 1, 1]);
  expect([answered, failed.map(({ how, status }) => [how, status])]).toEqual([
    [],
    [["answered-in-crossing", 200]],
  ]);
});

test("a call that is taken back before any response is cancelled at the first one (RFC 3261 9.1)", async () => {
  const { wire, end, failed } = await dial();
  const invite = last(wire);
  end();
  expect(count(wire, "CANCEL")).toBe(0);
  wire.receive(answerTo(invite, "100 Trying"));
  expect(count(wire, "CANCEL")).toBe(1);
  wire.receive(answerTo(invite, "487 Request Terminated"));
  expect(failed.map(({ how, status }) => [how, status])).toEqual([["cancelled", 487]]);
});

test("a callee that never answers our CANCEL does not hold the call for ever", async () => {
  const { wire, end, failed } = await dial();
  wire.receive(answerTo(last(wire), "180 Ringing"));
  end();
  await vi.advanceTimersByTimeAsync(31_000);
  expect(failed).toEqual([]);
  await vi.advanceTimersByTimeAsync(1_001);
  expect(failed.map(({ how }) => how)).toEqual(["cancelled"]);
});

test("a response that another trunk sends is not ours", async () => {
  const { wire, ringing, answered } = await dial();
  wire.receive(answerTo(last(wire), "180 Ringing"), OTHER_CARRIER);
  wire.receive(answerTo(last(wire), "200 OK", [], OFFER), OTHER_CARRIER);
  expect([ringing, answered]).toEqual([[], []]);
  expect(wire.endpoint.counters().get("dropped-foreign-response")).toBe(2);
});

test("nothing of a call is left 70 s after its end", async () => {
  const { wire, answered } = await dial();
  wire.receive(answerTo(last(wire), "200 OK", ["Contact: <sip:a@192.0.2.10>"], OFFER));
  answered[0]?.bye();
  wire.receive(answerTo(last(wire), "200 OK"));
  expect(wire.endpoint.liveCount()).toBeGreaterThan(0);
  await vi.advanceTimersByTimeAsync(70_000);
  expect(wire.endpoint.liveCount()).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("text with a line end never enters a message", async () => {
  const wire = await createWire();
  const target = { user: "1\r\nX: y", ...CARRIER };
  expect(() =>
    wire.endpoint.invite(
      { target, from: { user: "a", host: "b" }, sdp: OFFER },
      { onAnswered: () => undefined, onFailed: () => undefined },
    ),
  ).toThrow(/line end/);
  expect(wire.sent).toEqual([]);
});

test("nobody outside the peers is called", async () => {
  const wire = await createWire();
  const target = { user: "1", host: "203.0.113.9", port: 5060 };
  expect(() =>
    wire.endpoint.invite(
      { target, from: { user: "a", host: "b" }, sdp: OFFER },
      { onAnswered: () => undefined, onFailed: () => undefined },
    ),
  ).toThrow(/no peer's address/);
});

test("a peer's REFER cannot make us call anybody", async () => {
  const { wire, answered } = await dial();
  wire.receive(answerTo(last(wire), "200 OK", ["Contact: <sip:a@192.0.2.10>"], OFFER));
  const invite = wire.sent[0]?.text ?? "";
  wire.receive(
    request({
      method: "REFER",
      branch: "z9hG4bKrefer",
      callId: headerOf(invite, "Call-ID"),
      to: headerOf(invite, "From"),
      fromTag: "callee",
      extra: ["Refer-To: <sip:+19005550100@192.0.2.10>"],
    }),
  );
  expect(last(wire).text).toMatch(/^SIP\/2\.0 403 /);
  expect(answered).toHaveLength(1);
});

test("a key in an INFO is told once its listener is there, and refused without one", async () => {
  const { wire, answered } = await dial();
  wire.receive(answerTo(last(wire), "200 OK", ["Contact: <sip:a@192.0.2.10>"], OFFER));
  const invite = wire.sent[0]?.text ?? "";
  const info = (cseq: number): string =>
    request({
      method: "INFO",
      branch: `z9hG4bKinfo${cseq}`,
      cseq,
      callId: headerOf(invite, "Call-ID"),
      to: headerOf(invite, "From"),
      fromTag: "callee",
      body: "Signal=5\r\nDuration=160\r\n",
    }).replace("application/sdp", "application/dtmf-relay");
  wire.receive(info(1));
  expect(last(wire).text).toMatch(/^SIP\/2\.0 469 /);
  const keys: string[] = [];
  answered[0]?.onInfoDigit((key) => keys.push(key));
  wire.receive(info(2));
  expect([keys, last(wire).text.slice(0, 11)]).toEqual([["5"], "SIP/2.0 200"]);
});

test("a peer that is asked with OPTIONS is there when it answers anything, and not when it is silent", async () => {
  const wire = await createWire();
  const target = { user: "reveille", ...CARRIER };
  const answered = wire.endpoint.ask(target);
  expect(last(wire).text).toMatch(/^OPTIONS sip:reveille@192\.0\.2\.10:5060 SIP/);
  wire.receive(answerTo(last(wire), "405 Method Not Allowed"));
  expect(await answered).toBe(405);
  const silent = wire.endpoint.ask(target);
  await vi.advanceTimersByTimeAsync(33_000);
  expect(await silent).toBeNull();
  await vi.advanceTimersByTimeAsync(70_000);
  expect(wire.endpoint.liveCount()).toBe(0);
});
