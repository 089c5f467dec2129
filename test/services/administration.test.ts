import { describe, expect, test } from "vitest";
import { createMemoryKeyring } from "../../adapters/keyring/memory-keyring.ts";
import { createChance } from "../../adapters/system/chance.ts";
import { createDigests } from "../../adapters/system/digests.ts";
import type { DirectoryMessage, SenderRegistered } from "../../domain/directory/messages.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import type { Entry } from "../../domain/ports/event-log.ts";
import { createAdministration } from "../../services/administration.ts";
import { DirectoryFormError, parseDirectoryForm, SENDERS_MAX } from "../../services/directory-form.ts";
import { NINE } from "../support/sample-request.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

function office() {
  const stored: Entry<"directory">[] = [];
  const keyring = createMemoryKeyring();
  const clock = createVirtualClock(NINE);
  const administration = createAdministration({
    log: {
      async append(_topic, entries) {
        stored.push(...(entries as readonly unknown[] as readonly Entry<"directory">[]));
        return { durable: { at: NINE } as Durable, positions: [] };
      },
    },
    keyring,
    digests: createDigests(),
    clock,
    chance: createChance(() => clock.now()),
  });
  const apply = (json: unknown): Promise<readonly string[]> => administration.apply(parseDirectoryForm(json));
  const messages = (): DirectoryMessage[] =>
    stored.flatMap(({ message }) => (message === null ? [] : [message]));
  return { apply, stored, messages, keyring };
}

const PASSWORD = "correct horse battery";
const API_KEY = "rvl_hotel-1_0123456789abcdef";
const SECRET = "sixteen or more characters";
const sender = (change: object = {}): object => ({ sender: "hotel", password: PASSWORD, ...change });

describe("an account", () => {
  test("is written with its defaults, durable when it resolves", async () => {
    const { apply, messages } = office();
    expect(await apply({ senders: [sender()] })).toEqual(["sender:hotel"]);
    expect(messages()).toMatchObject([
      {
        type: "SenderRegistered",
        sender: "hotel",
        standing: "active",
        sources: [],
        hours: [],
        serviceLevel: "basic",
        bulkiness: "solitary",
      },
    ]);
  });

  test("stands in the record without any of its secrets", async () => {
    const { apply, stored, messages, keyring } = office();
    await apply({ senders: [sender({ apiKey: API_KEY, signingKey: { keyId: "hotel-2", secret: SECRET } })] });
    const text = JSON.stringify(stored);
    for (const secret of [PASSWORD, API_KEY, "0123456789abcdef", SECRET]) expect(text).not.toContain(secret);
    const { credentials } = messages()[0] as SenderRegistered;
    expect(credentials.map(({ mechanism }) => mechanism)).toEqual(["password", "api-key", "message-digest"]);
    expect(credentials[0]).toMatchObject({ phc: expect.stringMatching(/^\$argon2id\$/) });
    const signing = credentials[2];
    expect(signing?.mechanism === "message-digest" && keyring.openNow(signing.secret)).toBe(SECRET);
  });

  test.each([
    ["a name that is none", sender({ sender: "Hotel Ritz" }), /is no account name; give lower-case/],
    ["no credential", { sender: "hotel" }, /has no credential; give password, apiKey or signingKey/],
    ["a short password", sender({ password: "short" }), /too short; give at least 8/],
    ["an API key of another form", sender({ apiKey: "secret-123" }), /is not of the form rvl_/],
    ["a short signing secret", sender({ signingKey: { keyId: "k", secret: "short" } }), /at least 16/],
    ["a signing key without its id", sender({ signingKey: { secret: SECRET } }), /signingKey/],
    [
      "a signing key id with odd signs",
      sender({ signingKey: { keyId: 'a"b', secret: SECRET } }),
      /signingKey/,
    ],
    [
      "an unknown field",
      sender({ pasword: "x" }),
      /"pasword" is not a field of a sender; known are sender, password/,
    ],
    ["a password that is no text", sender({ password: 12_345_678 }), /password/],
    ["an API key that is no text", sender({ apiKey: 5 }), /apiKey/],
    ["a standing that is neither", sender({ suspended: "yes" }), /suspended/],
    ["an unknown service level", sender({ serviceLevel: "gold" }), /serviceLevel/],
    ["an unknown kind", sender({ kind: "many" }), /kind/],
    ["sources that are no list", sender({ sources: "10.0.0.0/8" }), /sources/],
    ["a source that is no network", sender({ sources: ["10.0.0.0/99"] }), /sources/],
    ["hours that are none", sender({ hours: [{ fromMinute: 0, toMinute: 99_999, zone: null }] }), /hours/],
    ["no name at all", { password: PASSWORD }, /"sender" is missing/],
  ])("with %s is refused, and nothing is written", async (_what, form, message) => {
    const { apply, stored } = office();
    const refused = (async () => apply({ senders: [form] }))();
    await expect(refused).rejects.toThrow(DirectoryFormError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow(/12345678|secret-123/);
    expect(stored).toEqual([]);
  });

  test("that is wrong keeps the right ones of the same file out: all or nothing", async () => {
    const { apply, stored } = office();
    await expect(apply({ senders: [sender(), { sender: "other" }] })).rejects.toThrow(
      "other has no credential",
    );
    expect(stored).toEqual([]);
  });

  test("twice in one file is refused: nobody could say which is meant", async () => {
    const { apply } = office();
    await expect((async () => apply({ senders: [sender(), sender()] }))()).rejects.toThrow(/twice/);
  });
});

describe("rules", () => {
  test("are written with defaults for what is left out", async () => {
    const { apply, messages } = office();
    expect(await apply({ rules: { version: "house@7", volumeMax: 3, volumePeriodSeconds: 60 } })).toEqual([
      "receiver",
    ]);
    expect(messages()).toMatchObject([
      {
        type: "ReceiverRulesSet",
        version: "house@7",
        volumeMax: 3,
        volumePeriodMs: 60_000,
        unknownZone: "refuse",
      },
    ]);
    expect(messages()[0]).not.toHaveProperty("volumePeriodSeconds");
  });

  test("say how a server is chosen, how full they may get, and how long a Request waits for a line (F04-F08, O06, O07)", async () => {
    const { apply, messages } = office();
    const rules = {
      version: "house@8",
      serverChoice: "combination",
      loadPercentMax: 80,
      serverLoadPercentMax: 90,
      inboundReserve: 4,
      lineWaitSeconds: 120,
      lostRetrySeconds: 45,
      offerRefusalsMax: 12,
    } as const;
    await apply({ rules });
    expect(messages()).toMatchObject([
      {
        serverChoice: "combination",
        loadPercentMax: 80,
        serverLoadPercentMax: 90,
        inboundReserve: 4,
        lineWaitMs: 120_000,
        lostRetryMs: 45_000,
        offerRefusalsMax: 12,
        enhancedOfferRefusalsMax: 12,
      },
    ]);
  });

  test.each([
    ["no version", { volumeMax: 3 }, /"version" is missing/],
    ["an unknown field", { version: "x", volumemax: 3 }, /"volumemax" is not a field of rules/],
    ["a limit that is no number", { version: "x", volumeMax: "three" }, /volumeMax/],
    ["a negative limit", { version: "x", volumeMax: -1 }, /volumeMax/],
    ["an endless limit", { version: "x", volumePeriodSeconds: 1e300 }, /volumePeriodSeconds/],
    ["a country that is none", { version: "x", countries: ["USA"] }, /countries/],
    ["a prefix with a plus sign", { version: "x", highRiskPrefixes: ["+979"] }, /highRiskPrefixes/],
    ["an unknown choice", { version: "x", unknownZone: "maybe" }, /unknownZone/],
    ["an unknown precedence", { version: "x", hoursPrecedence: "nobody" }, /hoursPrecedence/],
    ["an unknown scheme", { version: "x", serverChoice: "best" }, /serverChoice/],
    ["more than all ports", { version: "x", loadPercentMax: 101 }, /loadPercentMax/],
    ["no wait for a line", { version: "x", lineWaitSeconds: 0 }, /lineWaitSeconds/],
    ["hours that are no list", { version: "x", hours: "9-17" }, /hours/],
  ])("with %s are refused", async (_what, rules, message) => {
    const { apply, stored } = office();
    const refused = (async () => apply({ rules }))();
    await expect(refused).rejects.toThrow(DirectoryFormError);
    await expect(refused).rejects.toThrow(message);
    expect(stored).toEqual([]);
  });
});

test.each([
  ["a list", [], "must be an object"],
  ["null", null, "must be an object"],
  ["an unknown part", { sender: [] }, '"sender" is not a field'],
  ["senders that are no list", { senders: {} }, "/senders must be a list"],
  ["nothing to write", {}, "neither"],
])("a file that holds %s is refused", (_what, json, message) => {
  expect(() => parseDirectoryForm(json)).toThrow(DirectoryFormError);
  expect(() => parseDirectoryForm(json)).toThrow(message);
});

test(`a file of more than ${SENDERS_MAX} accounts is refused: it is to be split`, () => {
  const senders = Array.from({ length: SENDERS_MAX + 1 }, (_, n) => sender({ sender: `hotel-${n}` }));
  expect(() => parseDirectoryForm({ senders })).toThrow(`at most ${SENDERS_MAX} entries`);
  expect(parseDirectoryForm({ senders: senders.slice(1) }).senders).toHaveLength(SENDERS_MAX);
});
