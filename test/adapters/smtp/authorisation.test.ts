import { expect, test } from "vitest";
import { PASSWORD } from "../../support/fake-gatekeeper.ts";
import { DATE, deliver, dial, mail, NOW, startSmtpHouse, WAKE_UP } from "./smtp-house.ts";

const SIGNED = 'Reveille-HMAC-SHA256 keyId="acme-1", created=1795000000, id="m-7", signature="good"';

test("a signed mail needs no login, and its signed id is its key (H05, B08)", async () => {
  const house = await startSmtpHouse();
  const headers = { "Reveille-Authorization": SIGNED };
  expect(await deliver(house.port, mail({ headers }), false)).toMatch(/^250 /);
  expect(house.intake.stored[0]).toMatchObject({ idempotencyKey: null, who: { messageId: "m-7" } });
  const proof = house.gatekeeper.asked[0]?.proof;
  expect(proof).toMatchObject({ mechanism: "message-digest", method: "MAIL", path: "/" });
  expect(proof?.mechanism === "message-digest" && Buffer.from(proof.body).toString()).toBe(WAKE_UP);
});

test("a folded signature is read as one line", async () => {
  const house = await startSmtpHouse();
  const headers = { "Reveille-Authorization": SIGNED.replaceAll(", ", ",\n\t") };
  expect(await deliver(house.port, mail({ headers }), false)).toMatch(/^250 /);
});

test.each([
  ["wrong", SIGNED.replace("good", "bad"), "535 5.7.8 credentials-wrong"],
  ["in another form", "Basic YTpi", "535 5.7.8 signature-malformed"],
  ["unreadable", "Reveille-HMAC-SHA256 keyId=x", "535 5.7.8 signature-malformed"],
])("a signature that is %s is refused", async (_what, field, reply) => {
  const house = await startSmtpHouse();
  const headers = { "Reveille-Authorization": field };
  expect(await deliver(house.port, mail({ headers }), false)).toContain(reply);
  expect(house.intake.stored).toHaveLength(0);
});

test("a signed Request must be a JSON part", async () => {
  const house = await startSmtpHouse();
  const headers = { "Reveille-Authorization": SIGNED };
  expect(
    await deliver(house.port, mail({ headers, request: null, text: "To: +12125550123" }), false),
  ).toContain("554 5.6.0 signature.no-json");
});

test("whoever logged in can't send what another Sender signed", async () => {
  const house = await startSmtpHouse();
  const talk = await dial(house.port);
  await talk.say("EHLO client.example");
  expect(await talk.say(`AUTH PLAIN ${btoa(`\0hotel\0${PASSWORD}`)}`)).toMatch(/^235 /);
  await talk.say("MAIL FROM:<ops@hotel.example>");
  await talk.say("RCPT TO:<outbound@wake.example>");
  await talk.say("DATA");
  const signed = mail({ headers: { "Reveille-Authorization": SIGNED } }).replaceAll("\n", "\r\n");
  expect(await talk.say(`${signed}\r\n.`)).toContain("550 5.7.1 sender.conflict");
});

test("a stranger's mail is refused in the dialogue, and the gate counts it (G01)", async () => {
  const house = await startSmtpHouse();
  expect(await deliver(house.port, mail(), false)).toContain("530 5.7.0 credentials-missing");
  expect(house.gatekeeper.asked).toEqual([{ proof: null, channel: "email", address: "127.0.0.1" }]);
});

test("From, SPF and DKIM headers authorise nobody", async () => {
  const house = await startSmtpHouse();
  const headers = {
    "Authentication-Results": "wake.example; dkim=pass header.d=acme.example; spf=pass; dmarc=pass",
  };
  expect(await deliver(house.port, mail({ headers }), false)).toContain("530 5.7.0 credentials-missing");
});

test("a wrong password is 535, a flood of them 454, and neither says which part was wrong (H02)", async () => {
  const house = await startSmtpHouse();
  const talk = await dial(house.port);
  await talk.say("EHLO client.example");
  expect(await talk.say(`AUTH PLAIN ${btoa("\0acme\0wrong")}`)).toContain("535 5.7.8 credentials-wrong");
  house.gatekeeper.refusing = { reason: "too-many-attempts", retryAfterSeconds: 3 };
  expect(await talk.say(`AUTH PLAIN ${btoa("\0acme\0wrong")}`)).toContain("454 4.7.0 too-many-attempts");
});

test("nobody logs in on behalf of somebody else", async () => {
  const house = await startSmtpHouse();
  const talk = await dial(house.port);
  await talk.say("EHLO client.example");
  expect(await talk.say(`AUTH PLAIN ${btoa(`hotel\0acme\0${PASSWORD}`)}`)).toMatch(/^535 /);
});

test("AUTH is not offered without TLS unless it was said so", async () => {
  const house = await startSmtpHouse({ allowInsecureAuth: false });
  const talk = await dial(house.port);
  const offered = await talk.say("EHLO client.example");
  expect(offered).not.toContain("AUTH");
  expect(offered).not.toContain("STARTTLS");
  expect(await talk.say(`AUTH PLAIN ${btoa(`\0acme\0${PASSWORD}`)}`)).toMatch(/^5/);
  expect(house.gatekeeper.asked).toHaveLength(0);
});

test.each([
  ["two hours old", new Date(NOW - 7_200_000).toUTCString()],
  ["two hours ahead", new Date(NOW + 7_200_000).toUTCString()],
  ["missing", ""],
  ["no date", "yesterday evening"],
])("the Date of an unsigned mail that is %s is refused (H07)", async (_what, date) => {
  const house = await startSmtpHouse();
  expect(await deliver(house.port, mail({ headers: { Date: date } }))).toContain(
    "550 5.7.1 date.outside-window",
  );
});

test.each([
  "From",
  "Sender",
  "To",
  "Subject",
  "Date",
  "Message-ID",
  "MIME-Version",
  "Content-Type",
  "Reveille-Authorization",
])("a mail with two %s fields is refused (C19)", async (name) => {
  const house = await startSmtpHouse();
  const twice = `${name}: x\n${name.toLowerCase()}: y\n${mail({ headers: { [name]: "" } })}`;
  expect(await deliver(house.port, twice)).toContain(`554 5.6.0 header.repeated: ${name.toLowerCase()}`);
});

test.each([
  ["Auto-Submitted", "auto-replied"],
  ["Auto-Submitted", "auto-generated; owner-email=x@acme.example"],
  ["Precedence", "bulk"],
  ["Precedence", "list"],
])("automatic mail (%s: %s) makes no Request", async (name, value) => {
  const house = await startSmtpHouse();
  expect(await deliver(house.port, mail({ headers: { [name]: value } }))).toContain(
    "550 5.7.1 mail.automatic",
  );
  expect(house.intake.stored).toHaveLength(0);
});

test("a bounce makes no Request; Auto-Submitted: no is no bounce", async () => {
  const house = await startSmtpHouse();
  const talk = await dial(house.port);
  await talk.say("EHLO client.example");
  await talk.say(`AUTH PLAIN ${btoa(`\0acme\0${PASSWORD}`)}`);
  await talk.say("MAIL FROM:<>");
  await talk.say("RCPT TO:<outbound@wake.example>");
  await talk.say("DATA");
  expect(await talk.say(`${mail().replaceAll("\n", "\r\n")}\r\n.`)).toContain("550 5.7.1 mail.automatic");
  expect(await deliver(house.port, mail({ headers: { "Auto-Submitted": "no", Date: DATE } }))).toMatch(
    /^250 /,
  );
});
