import { expect, test } from "vitest";
import type { Credential, SenderRegistered } from "../../domain/directory/messages.ts";
import type { Proof } from "../../domain/ports/gatekeeper.ts";
import type { IntakeRefused } from "../../domain/request/commands.ts";
import { mintApiKey } from "../../domain/security/api-key.ts";
import { parseAuthorization } from "../../domain/security/authorization.ts";
import { signatureHeader } from "../../domain/security/signed-message.ts";
import { createGatekeeper } from "../../services/gatekeeper.ts";
import {
  HASHES_AT_ONCE_MAX,
  HASHES_WAITING_MAX,
  PASSWORD_CHARACTERS_MAX,
  PASSWORD_REMEMBERED_MS,
  PASSWORDS_REMEMBERED_MAX,
  PASSWORDS_TRIED_MAX,
} from "../../services/password-check.ts";
import {
  account,
  createFakeClock,
  createFakeDigests,
  fakeKeyring,
  sealForTest,
} from "../support/fake-gate-ports.ts";

const START_MS = 1_795_000_000_000;
const SECRET = "0123456789abcdef0123456789abcdef";
const HERE = { channel: "http", address: "198.51.100.7" } as const;
const MAIL = { channel: "email", address: "198.51.100.7" } as const;
const digests = createFakeDigests();
const key = mintApiKey("acme-key", new Uint8Array(32).fill(7), digests);

const CREDENTIALS: readonly Credential[] = [
  { mechanism: "password", keyId: "pw-1", phc: "phc:right" },
  { mechanism: "api-key", keyId: "acme-key", sha256: key.sha256 },
  { mechanism: "message-digest", keyId: "acme-1", secret: sealForTest(SECRET) },
];

function house(change: Partial<SenderRegistered> = {}, ready = true) {
  const clock = createFakeClock(START_MS);
  const ownDigests = createFakeDigests();
  const accounts = new Map<string, SenderRegistered>([["acme", account("acme", CREDENTIALS, change)]]);
  const refusals: IntakeRefused[] = [];
  const gatekeeper = createGatekeeper({
    directory: {
      isReady: () => ready,
      senderOf: (sender) => accounts.get(sender) ?? null,
      senderByKeyId: (keyId) =>
        [...accounts.values()].find((known) => known.credentials.some((one) => one.keyId === keyId)) ?? null,
    },
    keyring: fakeKeyring,
    digests: ownDigests,
    clock,
    chance: { bytes: (count) => new Uint8Array(count).fill(1) },
    recordRefusal: (fact) => refusals.push(fact),
  });
  return { gatekeeper, clock, digests: ownDigests, accounts, refusals };
}

function password(guess: string, sender = "acme"): Proof {
  return { mechanism: "password", sender, password: guess };
}

type Signed = Extract<Proof, { mechanism: "message-digest" }>;

function signed(
  change: { created?: number; id?: string; body?: string; signedBody?: string; secret?: string } = {},
): Signed {
  const body = new TextEncoder().encode(change.body ?? "{}");
  const covered = { method: "POST", path: "/v1/requests", body };
  const parts = {
    ...covered,
    keyId: "acme-1",
    created: String(change.created ?? START_MS / 1_000),
    id: change.id ?? "m-1",
    body: new TextEncoder().encode(change.signedBody ?? change.body ?? "{}"),
  };
  const proof = parseAuthorization(signatureHeader(parts, change.secret ?? SECRET, digests), covered);
  if (proof?.mechanism !== "message-digest") throw new Error("test: the header has another form now");
  return proof;
}

test("a right password names the Sender and the credential, never the proof (H02, B06)", async () => {
  const { gatekeeper } = house();
  expect(await gatekeeper.authenticate(password("right"), HERE)).toEqual({
    ok: true,
    who: {
      sender: "acme",
      authentication: { mechanism: "password", keyId: "pw-1" },
      createdAt: null,
      messageId: null,
    },
  });
});

test("a wrong password, an unknown Sender and a name that is none cost one hash each and are told the same", async () => {
  const { gatekeeper, digests: counted } = house();
  const answers = [
    await gatekeeper.authenticate(password("wrong"), HERE),
    await gatekeeper.authenticate(password("wrong", "nobody"), HERE),
    await gatekeeper.authenticate(password("wrong", "No such NAME"), HERE),
  ];
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(answers[0]).toEqual({ ok: false, reason: "credentials-wrong", retryAfterSeconds: null });
  expect(counted.verified).toBe(3);
});

test("a right password is remembered for a minute, a changed one is not", async () => {
  const { gatekeeper, clock, digests: counted, accounts } = house();
  await gatekeeper.authenticate(password("right"), HERE);
  clock.advance(PASSWORD_REMEMBERED_MS - 1);
  await gatekeeper.authenticate(password("right"), HERE);
  expect(counted.verified).toBe(1);
  clock.advance(1);
  await gatekeeper.authenticate(password("right"), HERE);
  expect(counted.verified).toBe(2);
  accounts.set("acme", account("acme", [{ mechanism: "password", keyId: "pw-2", phc: "phc:new" }]));
  expect(await gatekeeper.authenticate(password("right"), HERE)).toMatchObject({
    reason: "credentials-wrong",
  });
});

test("during a change of passwords the old and the new one are good", async () => {
  const both: readonly Credential[] = [
    { mechanism: "password", keyId: "pw-1", phc: "phc:old" },
    { mechanism: "password", keyId: "pw-2", phc: "phc:new" },
  ];
  const { gatekeeper } = house({ credentials: both });
  for (const [guess, keyId] of [
    ["old", "pw-1"],
    ["new", "pw-2"],
  ] as const) {
    const answer = await gatekeeper.authenticate(password(guess), HERE);
    expect(answer.ok && answer.who.authentication.keyId).toBe(keyId);
  }
});

test("of a Sender's passwords no more than two are tried", async () => {
  const many = Array.from(
    { length: PASSWORDS_TRIED_MAX + 1 },
    (_, index): Credential => ({
      mechanism: "password",
      keyId: `pw-${index}`,
      phc: `phc:password ${index}`,
    }),
  );
  const { gatekeeper, digests: counted } = house({ credentials: many });
  expect((await gatekeeper.authenticate(password(`password ${PASSWORDS_TRIED_MAX}`), HERE)).ok).toBe(false);
  expect(counted.verified).toBe(PASSWORDS_TRIED_MAX);
});

test("an endless password is wrong without a hash", async () => {
  const { gatekeeper, digests: counted } = house();
  const answer = await gatekeeper.authenticate(password("x".repeat(PASSWORD_CHARACTERS_MAX + 1)), HERE);
  expect(answer).toMatchObject({ reason: "credentials-wrong" });
  expect(counted.verified).toBe(0);
});

test("of too many remembered passwords the oldest is hashed anew", async () => {
  const { gatekeeper, digests: counted, accounts } = house();
  const enter = (name: string) => gatekeeper.authenticate(password("right", name), HERE);
  await enter("acme");
  for (let index = 0; index < PASSWORDS_REMEMBERED_MAX; index += 1) {
    accounts.set(`sender-${index}`, account(`sender-${index}`, CREDENTIALS));
    await enter(`sender-${index}`);
  }
  expect(counted.verified).toBe(PASSWORDS_REMEMBERED_MAX + 1);
  await enter("acme");
  expect(counted.verified).toBe(PASSWORDS_REMEMBERED_MAX + 2);
});

test("fifty equal posts at once cost one hash and are all let in", async () => {
  const { gatekeeper, digests: counted } = house();
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => gatekeeper.authenticate(password("right"), HERE)),
  );
  expect(answers.every((answer) => answer.ok)).toBe(true);
  expect(counted.verified).toBe(1);
});

test("no more than two passwords are hashed at once, and the line behind them is bounded", async () => {
  const { gatekeeper, digests: counted } = house();
  counted.hold();
  const asked = Array.from({ length: 50 }, (_, index) =>
    gatekeeper.authenticate(password(`guess ${index}`), { channel: "http", address: `198.51.100.${index}` }),
  );
  const overloaded = await Promise.race(asked.slice(HASHES_AT_ONCE_MAX + HASHES_WAITING_MAX));
  expect(overloaded).toEqual({ ok: false, reason: "too-many-attempts", retryAfterSeconds: 1 });
  counted.release();
  const reasons = (await Promise.all(asked)).map((answer) => (answer.ok ? "in" : answer.reason));
  expect(counted.atOnceMax).toBe(HASHES_AT_ONCE_MAX);
  expect(reasons.filter((reason) => reason === "credentials-wrong")).toHaveLength(34);
});

test("an address that guesses is stopped before the hash, and may try again later (G01)", async () => {
  const { gatekeeper, clock, digests: counted } = house();
  for (let guess = 0; guess < 20; guess += 1) await gatekeeper.authenticate(password(`guess ${guess}`), HERE);
  expect(await gatekeeper.authenticate(password("right"), HERE)).toEqual({
    ok: false,
    reason: "too-many-attempts",
    retryAfterSeconds: 3,
  });
  expect(counted.verified).toBe(20);
  expect((await gatekeeper.authenticate(password("right"), { ...HERE, address: "203.0.113.1" })).ok).toBe(
    true,
  );
  clock.advance(3_000);
  expect((await gatekeeper.authenticate(password("right"), HERE)).ok).toBe(true);
});

test("guesses sent at once do not pass while the first is being hashed", async () => {
  const { gatekeeper, digests: counted } = house();
  const guesses = Array.from({ length: 100 }, (_, index) =>
    gatekeeper.authenticate(password(`guess ${index}`), HERE),
  );
  await Promise.all(guesses);
  expect(counted.verified).toBeLessThanOrEqual(20);
});

test("an API key is taken; another secret under its id is not", async () => {
  const { gatekeeper } = house();
  const answer = await gatekeeper.authenticate({ mechanism: "api-key", token: key.token }, HERE);
  expect(answer.ok && answer.who.authentication).toEqual({ mechanism: "api-key", keyId: "acme-key" });
  const other = mintApiKey("acme-key", new Uint8Array(32).fill(8), digests);
  for (const token of [other.token, "rvl_nobody_x", "", key.token.slice(0, -1), `${key.token}x`]) {
    const refused = await gatekeeper.authenticate({ mechanism: "api-key", token }, HERE);
    expect(refused).toMatchObject({ ok: false, reason: "credentials-wrong" });
  }
});

test("a signed message is taken, with its time and its id (H05, B07, B08)", async () => {
  const { gatekeeper } = house();
  expect(await gatekeeper.authenticate(signed(), HERE)).toEqual({
    ok: true,
    who: {
      sender: "acme",
      authentication: { mechanism: "message-digest", keyId: "acme-1" },
      createdAt: START_MS,
      messageId: "m-1",
    },
  });
});

test.each([
  [-301, "http", false],
  [-300, "http", true],
  [300, "http", true],
  [301, "http", false],
  [-301, "email", true],
  [-3_600, "email", true],
  [-3_601, "email", false],
] as const)("a message signed %d s from now by %s: taken is %s (H07)", async (seconds, channel, taken) => {
  const { gatekeeper } = house();
  const answer = await gatekeeper.authenticate(
    signed({ created: START_MS / 1_000 + seconds }),
    channel === "http" ? HERE : MAIL,
  );
  expect(answer.ok ? "taken" : answer.reason).toBe(taken ? "taken" : "timestamp-outside-window");
});

test("a changed body, another secret and an erased one are refused alike", async () => {
  const { gatekeeper, accounts } = house();
  const wrong = [signed({ signedBody: "{}", body: '{"to":1}' }), signed({ secret: "guess" })];
  for (const proof of wrong) {
    expect(await gatekeeper.authenticate(proof, HERE)).toMatchObject({ reason: "credentials-wrong" });
  }
  const erased: Credential = {
    mechanism: "message-digest",
    keyId: "acme-1",
    secret: sealForTest("x", "gone"),
  };
  accounts.set("acme", account("acme", [erased]));
  for (const proof of [signed(), signed({ secret: "" })]) {
    expect(await gatekeeper.authenticate(proof, HERE)).toMatchObject({ reason: "credentials-wrong" });
  }
});

test("a signature that is none is told so", async () => {
  const { gatekeeper } = house();
  for (const change of [{ created: "tomorrow" }, { signature: "AAAA" }]) {
    const proof: Proof = { ...signed(), ...change };
    expect(await gatekeeper.authenticate(proof, HERE)).toMatchObject({ reason: "signature-malformed" });
  }
});

test("a Sender may be bound to its addresses, and only its proof finds that out (H01)", async () => {
  const { gatekeeper } = house({ sources: ["203.0.113.0/24", "2001:db8::/32"] });
  expect(await gatekeeper.authenticate(password("right"), HERE)).toMatchObject({
    reason: "source-not-allowed",
  });
  expect(await gatekeeper.authenticate(password("wrong"), HERE)).toMatchObject({
    reason: "credentials-wrong",
  });
  for (const address of ["203.0.113.9", "::ffff:203.0.113.9", "2001:db8::1"]) {
    expect((await gatekeeper.authenticate(password("right"), { ...HERE, address })).ok).toBe(true);
  }
});

test("a suspended Sender is told so once it has proven itself", async () => {
  const { gatekeeper } = house({ standing: "suspended" });
  expect(await gatekeeper.authenticate(signed(), HERE)).toMatchObject({ reason: "sender-suspended" });
  expect(await gatekeeper.authenticate(password("wrong"), HERE)).toMatchObject({
    reason: "credentials-wrong",
  });
});

test("before the accounts are read nobody is turned away as unknown", async () => {
  const { gatekeeper, refusals } = house({}, false);
  expect(await gatekeeper.authenticate(password("right"), HERE)).toEqual({
    ok: false,
    reason: "not-ready",
    retryAfterSeconds: 1,
  });
  expect(refusals).toEqual([]);
});

test("refusals are counted for the auditor: the first at once, then one record a second", async () => {
  const { gatekeeper, clock, refusals } = house();
  for (let guess = 0; guess < 10; guess += 1) await gatekeeper.authenticate(password(`guess ${guess}`), HERE);
  expect(refusals.map((fact) => fact.count)).toEqual([1]);
  clock.advance(1_000);
  expect(refusals.map((fact) => fact.count)).toEqual([1, 9]);
  expect(refusals[1]).toMatchObject({
    type: "IntakeRefused",
    channel: "http",
    claimedSender: "acme",
    source: HERE.address,
    reason: "credentials-wrong",
  });
  clock.advance(5_000);
  expect(refusals).toHaveLength(2);
});

test("a secret in the wrong field reaches no record", async () => {
  const { gatekeeper, refusals } = house();
  await gatekeeper.authenticate(password("acme", "planted-secret"), HERE);
  await gatekeeper.authenticate({ mechanism: "api-key", token: "rvl_planted-secret_x" }, HERE);
  await gatekeeper.authenticate(null, HERE);
  expect(JSON.stringify(refusals)).not.toContain("planted");
  expect(refusals.map((fact) => fact.claimedSender)).toEqual(["", ""]);
});
