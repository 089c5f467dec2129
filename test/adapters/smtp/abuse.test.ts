import { expect, test } from "vitest";
import { PASSWORD } from "../../support/fake-gatekeeper.ts";
import { deliver, dial, mail, open, startSmtpHouse, WAKE_UP } from "./smtp-house.ts";

const CRLF = mail().replaceAll("\n", "\r\n");

test("mail to anybody else is refused: this is no relay", async () => {
  const house = await startSmtpHouse();
  const talk = await dial(house.port);
  await talk.say("EHLO client.example");
  await talk.say("MAIL FROM:<ops@acme.example>");
  expect(await talk.say("RCPT TO:<somebody@elsewhere.example>")).toMatch(/^550 5\.1\.1 /);
  expect(await talk.say("RCPT TO:<OUTBOUND@Wake.Example>")).toMatch(/^250 /);
});

test.each([
  ["equal", () => "outbound@wake.example"],
  ["different", (index: number) => `outbound+${index}@wake.example`],
])("of 200 %s recipients no more than fifty are heard", async (_what, address) => {
  const house = await startSmtpHouse();
  const talk = await dial(house.port);
  await talk.say("EHLO client.example");
  await talk.say("MAIL FROM:<ops@acme.example>");
  const replies: string[] = [];
  for (let index = 0; index < 200; index += 1) replies.push(await talk.say(`RCPT TO:<${address(index)}>`));
  expect(replies.slice(50).every((reply) => reply.startsWith("452 4.5.3 "))).toBe(true);
});

test.each([
  "\n.\n",
  "\n.\r\n",
  "\r\n.\n",
  "\r.\r",
  "\r\n.\r",
  "\r.\r\n",
  "\r\n\0.\r\n",
  "\n\n.\r\r\n",
])("the terminator %j smuggles no second mail", async (terminator) => {
  const house = await startSmtpHouse();
  const talk = await open(house.port);
  const smuggled = `MAIL FROM:<evil@evil.example>\r\nRCPT TO:<outbound@wake.example>\r\nDATA\r\n${CRLF}`;
  const first = await talk.say(`${CRLF}${terminator}${smuggled}\r\n.`);
  expect(first).toMatch(/^[245][0-9]{2} /);
  expect(await talk.say("NOOP")).toMatch(/^250 2\.0\.0 OK/);
  expect(house.intake.stored.length).toBeLessThanOrEqual(1);
});

test("a command of 200 KB ends the conversation", async () => {
  const house = await startSmtpHouse();
  const talk = await dial(house.port);
  expect(await talk.say(`EHLO ${"a".repeat(200_000)}`)).toMatch(/^421 |^$/);
});

test("a mail beyond 1 MB is refused, whatever its SIZE said, and nothing is stored", async () => {
  const house = await startSmtpHouse();
  const talk = await dial(house.port);
  await talk.say("EHLO client.example");
  expect(await talk.say("MAIL FROM:<ops@acme.example> SIZE=2000000")).toMatch(/^552 5\.3\.4 /);
  expect(await talk.say("MAIL FROM:<ops@acme.example> SIZE=10")).toMatch(/^250 /);
  await talk.say("RCPT TO:<outbound@wake.example>");
  await talk.say("DATA");
  const chunk = `${"x".repeat(998)}\r\n`.repeat(1_000);
  for (let megabyte = 0; megabyte < 5; megabyte += 1) talk.write(chunk);
  expect(await talk.say("\r\n.")).toMatch(/^552 5\.3\.4 /);
  expect(house.intake.stored).toHaveLength(0);
  expect(await talk.say("NOOP")).toMatch(/^250 /);
});

test("a client that goes away in the middle of its mail leaves nothing", async () => {
  const house = await startSmtpHouse();
  const talk = await open(house.port);
  talk.write(CRLF.slice(0, -10));
  talk.hangUp();
  expect(await deliver(house.port, mail({ headers: { "Message-ID": "<m-2@acme.example>" } }))).toMatch(
    /^250 /,
  );
  expect(house.intake.stored.map((submission) => submission.idempotencyKey)).toEqual(["m-2@acme.example"]);
});

test("a hundred thousand addresses are refused before they are parsed", async () => {
  const house = await startSmtpHouse();
  const to = Array.from({ length: 20_000 }, (_, index) => `a${index}@b.example`).join(",\n ");
  expect(await deliver(house.port, mail({ headers: { To: to } }))).toContain("554 5.6.0 header.too-large");
});

test("parts within parts, five thousand deep, are answered within seconds", async () => {
  const house = await startSmtpHouse();
  const nested = Array.from(
    { length: 5_000 },
    (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\n\n--b${n}\n`,
  );
  const head = mail({ headers: { "Content-Type": "", "MIME-Version": "" } }).split("\n\n")[0] ?? "";
  const reply = await deliver(house.port, `${head}\nMIME-Version: 1.0\n${nested.join("")}`);
  expect(reply).toMatch(/^5/);
  expect(await deliver(house.port, mail())).toMatch(/^250 /);
});

test("tens of thousands of parts are answered, and the next mail is taken", async () => {
  const house = await startSmtpHouse();
  const files = "--=_part\n\nx\n".repeat(50_000);
  const many = mail().replace("--=_part--", `${files}--=_part--`);
  expect(await deliver(house.port, many)).toMatch(/^(?:250|5)/);
  expect(await deliver(house.port, mail({ headers: { "Message-ID": "<m-2@acme.example>" } }))).toMatch(
    /^250 /,
  );
});

test("the gateway holds so many clients and no more", async () => {
  const house = await startSmtpHouse({ limits: { clientsMax: 1 } });
  const first = await dial(house.port);
  const second = await dial(house.port);
  expect(await second.say("NOOP")).toBe("");
  expect(await first.say("EHLO client.example")).toMatch(/^250-/);
});

test("a client that says nothing is sent away", async () => {
  const house = await startSmtpHouse({ limits: { idleTimeoutMs: 500 } });
  const talk = await dial(house.port);
  expect(await talk.reply()).toMatch(/^421 /);
});

test("mails beyond the parser's queue are asked to come again", async () => {
  const house = await startSmtpHouse({ limits: { parseWaitingMax: 0 } });
  expect(await deliver(house.port, mail())).toMatch(/^451 4\.3\.0 unavailable: /);
});

test("utf-7 and direction marks reach nobody as something else", async () => {
  const house = await startSmtpHouse();
  const request = JSON.stringify({ ...JSON.parse(WAKE_UP), to: "+1212\u202e5550123" });
  expect(await deliver(house.port, mail({ request }))).toContain("number.malformed");
  const text = "Content-Type: text/plain; charset=utf-7\n\nTo: +KzEyMTI1NTUwMTIz-";
  const head = mail({ headers: { "Content-Type": "" } }).split("\n\n")[0] ?? "";
  expect(await deliver(house.port, `${head}\n${text}\n`)).toMatch(/^554 5\.6\.0 /);
  expect(house.intake.stored).toHaveLength(0);
});

test("by LMTP each recipient has its answer (C05)", async () => {
  const house = await startSmtpHouse({ lmtp: true });
  const talk = await dial(house.port);
  await talk.say("LHLO mx.example");
  await talk.say("MAIL FROM:<ops@acme.example>");
  await talk.say("RCPT TO:<outbound@wake.example>");
  await talk.say("DATA");
  const signed = mail({
    headers: {
      "Reveille-Authorization":
        'Reveille-HMAC-SHA256 keyId="acme-1", created=1795000000, id="m-7", signature="good"',
    },
  });
  expect(await talk.say(`${signed.replaceAll("\n", "\r\n")}\r\n.`)).toMatch(/^250 2\.6\.0 OK: rq_/);
});

test("the client's address is taken from a trusted mail server only", async () => {
  const trusting = await startSmtpHouse({ trustXClient: ["127.0.0.1"] });
  const talk = await dial(trusting.port);
  await talk.say("EHLO mx.example");
  await talk.say("XCLIENT ADDR=203.0.113.9");
  await talk.say("EHLO client.example");
  await talk.say(`AUTH PLAIN ${btoa("\0acme\0wrong")}`);
  expect(trusting.gatekeeper.asked[0]?.address).toBe("203.0.113.9");
  const plain = await startSmtpHouse();
  const other = await dial(plain.port);
  expect(await other.say("EHLO mx.example")).not.toContain("XCLIENT");
  expect(await other.say("XCLIENT ADDR=203.0.113.9")).toMatch(/^5/);
});

test("a login does not outlive its client on a connection that a mail server shares", async () => {
  const house = await startSmtpHouse({ trustXClient: ["127.0.0.1"] });
  const talk = await dial(house.port);
  await talk.say("EHLO mx.example");
  expect(await talk.say(`AUTH PLAIN ${btoa(`\0acme\0${PASSWORD}`)}`)).toMatch(/^235 /);
  expect(await talk.say("XCLIENT ADDR=203.0.113.9")).toMatch(/^220 /);
  await talk.say("EHLO stranger.example");
  await talk.say("MAIL FROM:<ops@acme.example>");
  await talk.say("RCPT TO:<outbound@wake.example>");
  await talk.say("DATA");
  expect(await talk.say(`${CRLF}\r\n.`)).toContain("530 5.7.0 credentials-missing");
  expect(house.intake.stored).toHaveLength(0);
});
