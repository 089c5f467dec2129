import { expect, test } from "vitest";
import {
  type AnsweredInvites,
  CALLEES_MAX,
  createAnsweredInvites,
} from "../../../../adapters/telephony/sip/answered-invites.ts";
import { createRequestWriter } from "../../../../adapters/telephony/sip/outgoing-request.ts";
import { parseMessage } from "../../../../adapters/telephony/sip/parse-message.ts";
import type { CoreResponse } from "../../../../adapters/telephony/sip/sip-core.ts";
import { createSipUri } from "../../../../adapters/telephony/sip/text-uri.ts";
import { instant } from "../../../../domain/kernel/time.ts";
import { createVirtualClock, type VirtualClock } from "../../../support/virtual-clock.ts";
import { headerOf } from "./wire.ts";

type Bench = { readonly clock: VirtualClock; readonly sent: string[]; readonly invites: AnsweredInvites };

const BRANCH = "z9hG4bKinvite";

/** An INVITE that "callee-0" has answered, and got its ACK. */
function bench(): Bench & { readonly acked: string } {
  const clock = createVirtualClock(instant(0));
  const sent: string[] = [];
  const writer = createRequestWriter("192.0.2.1:5060");
  const invites = createAnsweredInvites({ clock, writer, send: (text) => sent.push(text), protocol: "UDP" });
  const them = createSipUri("+12125550123", "192.0.2.10", 5060);
  const ack = writer.make("ACK", them, createSipUri("reveille", "reveille.example", undefined), them, {
    callId: "call-1",
    fromTag: "ours",
    toTag: "callee-0",
    cseq: 1,
  });
  ack.setViaHeader("z9hG4bKack", "UDP");
  invites.enter(BRANCH, ack);
  return { clock, sent, invites, acked: ack.toString() };
}

function ok(toTag: string, branch = BRANCH): CoreResponse {
  const parsed = parseMessage(
    Buffer.from(
      [
        "SIP/2.0 200 OK",
        `Via: SIP/2.0/UDP 192.0.2.1:5060;branch=${branch}`,
        "Record-Route: <sip:192.0.2.11;lr>, <sip:192.0.2.12;lr>",
        "From: <sip:reveille@reveille.example>;tag=ours",
        `To: <sip:+12125550123@192.0.2.10>;tag=${toTag}`,
        "Call-ID: call-1",
        "CSeq: 1 INVITE",
        "Contact: <sip:phone@192.0.2.13>",
        "Content-Length: 0",
        "",
        "",
      ].join("\r\n"),
    ),
  );
  if (parsed.kind !== "response") throw new Error("it is a response");
  return parsed.message;
}

test("a repeated answer gets the very same ACK for 32 s, and none after that", async () => {
  const { clock, sent, invites, acked } = bench();
  await clock.advance(31_900);
  expect(invites.onRepeated(ok("callee-0"))).toBe(true);
  expect(sent).toEqual([acked]);
  await clock.advance(1_000);
  expect(invites.onRepeated(ok("callee-0"))).toBe(false);
  expect(sent).toHaveLength(1);
});

test("a second callee is acknowledged and told goodbye along its own route (RFC 3261 13.2.2.4)", () => {
  const { sent, invites } = bench();
  invites.onRepeated(ok("callee-1"));
  const [ack = "", bye = ""] = sent;
  expect(ack).toContain("ACK sip:phone@192.0.2.13 SIP/2.0\r\n");
  expect(ack).toContain("Route: <sip:192.0.2.12;lr>\r\nRoute: <sip:192.0.2.11;lr>\r\n");
  expect([headerOf(ack, "CSeq"), headerOf(bye, "CSeq")]).toEqual(["1 ACK", "2 BYE"]);
  expect(headerOf(bye, "To")).toContain("tag=callee-1");
  invites.onRepeated(ok("callee-1"));
  expect(sent.slice(2)).toEqual([ack]);
});

test("a peer that invents callees without end is passed over", () => {
  const { sent, invites } = bench();
  for (let n = 1; n < CALLEES_MAX + 5; n += 1) invites.onRepeated(ok(`callee-${n}`));
  expect(sent).toHaveLength(2 * (CALLEES_MAX - 1));
});

test("an answer to nothing of ours is not ours", () => {
  const { sent, invites } = bench();
  expect(invites.onRepeated(ok("callee-0", "z9hG4bKother"))).toBe(false);
  expect(sent).toEqual([]);
});
