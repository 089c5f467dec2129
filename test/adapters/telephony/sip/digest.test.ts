import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  answerChallenge,
  type Challenge,
  chooseChallenge,
  parseChallenge,
} from "../../../../adapters/telephony/sip/digest.ts";
import type { InviteFailure, SipDialog } from "../../../../adapters/telephony/sip/signalling.ts";
import { answerTo, CARRIER, createWire, headerOf, OFFER, type Sent, type Wire } from "./wire.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MUFASA = { user: "Mufasa", password: "Circle of Life", realm: "http-auth@example.org" };
// RFC 7616 3.9.1.
const VECTOR: Challenge = {
  realm: "http-auth@example.org",
  nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
  algorithm: "MD5",
  qopAuth: true,
  opaque: "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
  stale: false,
};
const REQUEST = {
  method: "GET",
  uri: "/dir/index.html",
  cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
};

test.for([
  ["MD5", "8ca523f5e9506fed4657c9700eebdbec"],
  ["SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"],
] as const)("the %s answer is that of RFC 7616", ([algorithm, response]) => {
  const answer = answerChallenge({ ...VECTOR, algorithm }, MUFASA, REQUEST);
  expect(answer).toContain(`response="${response}"`);
  expect(answer).toContain(`opaque="${VECTOR.opaque}"`);
});

test("a challenge without qop is answered in the old form (RFC 2617 3.2.2.1)", () => {
  const answer = answerChallenge({ ...VECTOR, qopAuth: false }, MUFASA, REQUEST);
  expect(answer).not.toContain("cnonce");
});

test("the strongest challenge of our realm is chosen, and none of another", () => {
  const values = [
    'Digest realm="carrier", nonce="a", algorithm=MD5, qop="auth"',
    'Digest realm="carrier", nonce="b", algorithm=SHA-256, qop="auth-int,auth"',
    'Digest realm="elsewhere", nonce="c", algorithm=SHA-256',
    'Digest realm="carrier", nonce="d", algorithm=SHA-512-256',
    "Basic realm=carrier",
  ];
  expect(chooseChallenge(values, { user: "u", password: "p", realm: "carrier" })?.nonce).toBe("b");
  expect(chooseChallenge(values, { user: "u", password: "p", realm: "nowhere" })).toBe(null);
});

test.for([
  'Digest realm="a"',
  'Digest nonce="a"',
  'Digest realm="a", nonce="b", qop="auth-int"',
  "Digest",
  "",
])("a challenge %j is not answered", (value) => {
  expect(parseChallenge(value)).toBe(null);
});

type Dialled = { readonly wire: Wire; readonly answered: SipDialog[]; readonly failed: InviteFailure[] };

async function dial(): Promise<Dialled> {
  const credentials = { user: "house", password: "secret", realm: "carrier" };
  const peer = {
    name: "carrier",
    addresses: [CARRIER.host],
    pinnedTo: CARRIER,
    forceRport: false,
    credentials,
  };
  const wire = await createWire({ peers: [peer] });
  const answered: SipDialog[] = [];
  const failed: InviteFailure[] = [];
  wire.endpoint.invite(
    { target: { user: "1", ...CARRIER }, from: { user: "a", host: "b" }, sdp: OFFER },
    { onAnswered: (dialog) => answered.push(dialog), onFailed: (failure) => failed.push(failure) },
  );
  return { wire, answered, failed };
}

function sentOf(wire: Wire, method: string): readonly Sent[] {
  return wire.sent.filter(({ text }) => text.startsWith(`${method} `));
}

function at(list: readonly Sent[], index: number): Sent {
  const sent = list.at(index);
  if (sent === undefined) throw new Error("less was sent than the test expects");
  return sent;
}

const CHALLENGE = 'Proxy-Authenticate: Digest realm="carrier", nonce="n1", algorithm=SHA-256, qop="auth"';

test("a challenged call is placed again with its proof, in the next transaction of the same call", async () => {
  const { wire, answered } = await dial();
  const first = at(sentOf(wire, "INVITE"), 0);
  wire.receive(answerTo(first, "407 Proxy Authentication Required", [CHALLENGE]));
  const [, again] = sentOf(wire, "INVITE");
  expect(headerOf(again?.text ?? "", "Proxy-Authorization")).toContain('username="house"');
  expect(headerOf(again?.text ?? "", "Proxy-Authorization")).not.toContain("secret");
  expect([headerOf(again?.text ?? "", "CSeq"), headerOf(again?.text ?? "", "Call-ID")]).toEqual([
    "2 INVITE",
    headerOf(first.text, "Call-ID"),
  ]);
  wire.receive(answerTo(at(sentOf(wire, "INVITE"), 1), "200 OK", ["Contact: <sip:a@192.0.2.10>"], OFFER));
  expect(answered).toHaveLength(1);
});

test("a peer that challenges without end gets two tries", async () => {
  const { wire, failed } = await dial();
  for (let tries = 0; tries < 5; tries += 1) {
    const invite = at(sentOf(wire, "INVITE"), -1);
    wire.receive(
      answerTo(invite, "407 Proxy Authentication Required", [CHALLENGE.replace("n1", `n${tries}`)]),
    );
  }
  expect(sentOf(wire, "INVITE")).toHaveLength(2);
  expect(failed).toMatchObject([{ how: "rejected", status: 407 }]);
});

test("a challenge of another realm is told as the refusal it is", async () => {
  const { wire, failed } = await dial();
  const invite = at(sentOf(wire, "INVITE"), 0);
  wire.receive(
    answerTo(invite, "407 Proxy Authentication Required", [CHALLENGE.replace('"carrier"', '"x"')]),
  );
  expect([sentOf(wire, "INVITE").length, failed[0]?.status]).toEqual([1, 407]);
});

test("a challenge that is repeated gets the same ACK again, and the call goes on", async () => {
  const { wire, failed } = await dial();
  const refusal = answerTo(at(sentOf(wire, "INVITE"), 0), "407 Proxy Authentication Required", [CHALLENGE]);
  wire.receive(refusal);
  wire.receive(refusal);
  const acks = sentOf(wire, "ACK");
  expect(acks).toHaveLength(2);
  expect([acks[1]?.text, failed]).toEqual([acks[0]?.text, []]);
});

test("a challenged BYE is sent again with a CSeq of its own (fault 17)", async () => {
  const { wire, answered } = await dial();
  wire.receive(answerTo(at(sentOf(wire, "INVITE"), 0), "200 OK", ["Contact: <sip:a@192.0.2.10>"], OFFER));
  answered[0]?.bye();
  wire.receive(answerTo(at(sentOf(wire, "BYE"), 0), "407 Proxy Authentication Required", [CHALLENGE]));
  expect(sentOf(wire, "BYE").map(({ text }) => headerOf(text, "CSeq"))).toEqual(["2 BYE", "3 BYE"]);
  expect(headerOf(at(sentOf(wire, "BYE"), 1).text, "Proxy-Authorization")).toContain("qop=auth");
});
