import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { instant } from "../../../domain/kernel/time.ts";
import { DATE, deliver, mail, startSmtpHouse, WAKE_UP } from "./smtp-house.ts";

const MENU = '<?xml version="1.0"?><vxml version="2.1"><form/></vxml>';

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

test("a Request by mail is answered with its id (C01, C21, B15)", async () => {
  const house = await startSmtpHouse();
  const reply = await deliver(house.port, mail());
  expect(reply).toMatch(/^250 2\.6\.0 OK: rq_[0-9a-z]{26}_[0-9a-f]{3} taken$/);
  expect(house.intake.stored).toHaveLength(1);
  expect(house.intake.stored[0]).toMatchObject({
    channel: "email",
    idempotencyKey: "m-1@acme.example",
    draft: { to: "+12125550123" },
    who: { sender: "acme" },
  });
});

test("a mail that is the Request and nothing else is taken", async () => {
  const house = await startSmtpHouse();
  const alone = `From: a@acme.example\nDate: ${DATE}\nMessage-ID: <1@a>\nMIME-Version: 1.0\nContent-Type: application/json\n\n${WAKE_UP}\n`;
  expect(await deliver(house.port, alone)).toMatch(/^250 /);
});

test("a Request written by hand, a key and a value a line, is taken", async () => {
  const house = await startSmtpHouse();
  const text = [
    "To: +12125550123",
    "Document.URL: https://hotel.example/wake-up.vxml",
    "Ring-Timeout-Seconds: 20",
    "Window.From: 20:00",
    "Window.To: 23:00",
    "Window.Zone: Europe/Paris",
    "Notify: call.completed, call.failed",
    "Resource: bell.wav; url=https://hotel.example/bell.wav",
    "",
    "-- ",
    "Acme, wakes you up",
  ].join("\n");
  expect(await deliver(house.port, mail({ request: null, text }))).toMatch(/^250 /);
  expect(house.intake.stored[0]?.draft).toMatchObject({
    ringTimeoutMs: 20_000,
    window: { fromMinute: 1_200, toMinute: 1_380, zone: "Europe/Paris" },
    notify: ["call.completed", "call.failed"],
    resources: [{ name: "bell.wav", url: "https://hotel.example/bell.wav", sha256: null }],
  });
});

test.each([
  ["a greeting", "Dear Sir or Madam,\nplease call me.", "mail.not-a-request"],
  ["nothing", "", "mail.not-a-request"],
  ["an unknown key", "To: +12125550123\nRing-Timeout: 20", "mail.not-a-request"],
  ["a key twice", "To: +12125550123\nTo: +12125550124", "mail.not-a-request"],
  [
    "more lines than a Request has",
    "Resource: a; url=https://a.example/\n".repeat(101),
    "mail.not-a-request",
  ],
  ["a number that is none", "To: +12125550123\nDocument.Url: https://a.example/\nRank: high", "field.type"],
  ["a premium trick", "To: sip:+12125550123@evil\nDocument.Url: https://a.example/", "number.malformed"],
  [
    "digits of another script",
    "To: +１２１２５５５０１２３\nDocument.Url: https://a.example/",
    "number.malformed",
  ],
])("text with %s is refused with a reason (C02, C18)", async (_what, text, reason) => {
  const house = await startSmtpHouse();
  expect(await deliver(house.port, mail({ request: null, text }))).toMatch(
    new RegExp(`^554 5\\.6\\.0 ${reason.replaceAll(".", "\\.")}: `),
  );
  expect(house.intake.stored).toHaveLength(0);
});

test("the first fault of a Request is told with its place", async () => {
  const house = await startSmtpHouse();
  const request = JSON.stringify({ to: "+12125550123", document: { url: "ftp://a.example/" } });
  expect(await deliver(house.port, mail({ request }))).toMatch(
    /^554 5\.6\.0 url\.malformed: \/document\/url must be/,
  );
});

test("duplicate names are refused in a mail as they are by HTTP", async () => {
  const house = await startSmtpHouse();
  const request = '{"to":"+12125550123","to":"+19005550123"}';
  expect(await deliver(house.port, mail({ request }))).toMatch(/^554 5\.6\.0 json\.duplicate-name: /);
});

test("two Requests in one mail are refused", async () => {
  const house = await startSmtpHouse();
  const files = [{ name: "second.json", type: "application/json", content: WAKE_UP }];
  expect(await deliver(house.port, mail({ files }))).toMatch(/^554 5\.6\.0 mail\.ambiguous: /);
});

test("an attached program becomes the inline document (B03, B14)", async () => {
  const house = await startSmtpHouse();
  const request = JSON.stringify({
    to: "+12125550123",
    document: { attached: "menu.vxml" },
    resources: [{ name: "menu.vxml", sha256: sha256(MENU) }],
  });
  const files = [{ name: "menu.vxml", type: "application/voicexml+xml", content: MENU }];
  expect(await deliver(house.port, mail({ request, files }))).toMatch(/^250 /);
  expect(house.intake.stored[0]?.draft.document).toEqual({ kind: "inline", text: MENU });
  expect(house.intake.stored[0]?.attached).toEqual(["menu.vxml"]);
});

test("a sound that came attached is named to the policy check (F01)", async () => {
  const house = await startSmtpHouse();
  const request = JSON.stringify({
    to: "+12125550123",
    document: { url: "https://a.example/" },
    resources: [{ name: "bell.wav", sha256: sha256("RIFF") }],
  });
  const files = [{ name: "bell.wav", type: "audio/wav", content: "RIFF" }];
  expect(await deliver(house.port, mail({ request, files }))).toMatch(/^250 /);
  expect(house.intake.stored[0]?.attached).toEqual(["bell.wav"]);
});

test.each([
  ["that is not listed", [], "resource.unlisted"],
  ["listed without digest", [{ name: "bell.wav" }], "resource.mismatch"],
  ["that is another one", [{ name: "bell.wav", sha256: sha256("other") }], "resource.mismatch"],
])("a file %s is refused", async (_what, resources, reason) => {
  const house = await startSmtpHouse();
  const request = JSON.stringify({ to: "+12125550123", document: { url: "https://a.example/" }, resources });
  const files = [{ name: "bell.wav", type: "audio/wav", content: "RIFF" }];
  expect(await deliver(house.port, mail({ request, files }))).toContain(`554 5.6.0 ${reason}: `);
});

test("a document that was to come attached and did not is refused", async () => {
  const house = await startSmtpHouse();
  const request = JSON.stringify({ to: "+12125550123", document: { attached: "menu.vxml" } });
  expect(await deliver(house.port, mail({ request }))).toContain("554 5.6.0 resource.missing: ");
});

test("headers carry no fields of a Request", async () => {
  const house = await startSmtpHouse();
  const headers = { "X-To": "+19005550123", "X-Rank": "9", Subject: "=?utf-8?q?x=0D=0ABcc:_e@v.il?=" };
  expect(await deliver(house.port, mail({ headers }))).toMatch(/^250 /);
  expect(house.intake.stored[0]?.draft).toMatchObject({ to: "+12125550123", rank: 0 });
  expect(JSON.stringify(house.intake.stored)).not.toContain("v.il");
});

test("a refusal by policy is told in the dialogue", async () => {
  const house = await startSmtpHouse();
  house.intake.decided = { type: "PolicyRejected", at: instant(0), verdicts: [] };
  expect(await deliver(house.port, mail())).toMatch(/^550 5\.7\.1 policy-rejected: rq_/);
});

test("the same mail again is the same Request", async () => {
  const house = await startSmtpHouse();
  const first = await deliver(house.port, mail());
  const second = await deliver(house.port, mail());
  expect(second).toBe(first.replace("taken", "was taken before"));
  expect(house.intake.stored).toHaveLength(1);
});

test("the same Message-ID with another Request is refused", async () => {
  const house = await startSmtpHouse();
  await deliver(house.port, mail());
  const reply = await deliver(house.port, mail({ request: WAKE_UP.replace("wake-up", "other") }));
  expect(reply).toMatch(/^550 5\.7\.1 idempotency-key-reused: /);
});

test("a mail without Message-ID is refused; a very long one is taken", async () => {
  const house = await startSmtpHouse();
  expect(await deliver(house.port, mail({ headers: { "Message-ID": "" } }))).toContain(
    "554 5.6.0 message-id.missing",
  );
  const long = `<${"m".repeat(500)}@acme.example>`;
  expect(await deliver(house.port, mail({ headers: { "Message-ID": long } }))).toMatch(/^250 /);
});

test("while the log can't take it, the mail server is asked to keep the mail", async () => {
  const house = await startSmtpHouse();
  house.intake.answer = { ok: false, reason: "unavailable", retryAfterSeconds: 5 };
  expect(await deliver(house.port, mail())).toMatch(/^451 4\.3\.0 unavailable: /);
  house.intake.answer = "broken";
  expect(await deliver(house.port, mail())).toMatch(/^451 4\.3\.0 unavailable: /);
  house.intake.answer = null;
  expect(await deliver(house.port, mail())).toMatch(/^250 /);
});
