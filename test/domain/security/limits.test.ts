import { expect, test } from "vitest";
import { toHex } from "../../../domain/kernel/hex.ts";
import { instant, milliseconds } from "../../../domain/kernel/time.ts";
import type { IntakeRefused } from "../../../domain/request/commands.ts";
import { keyIdOfApiKey, mintApiKey, parseSha256 } from "../../../domain/security/api-key.ts";
import { createAttemptLimit } from "../../../domain/security/attempt-limit.ts";
import { createRefusalCounts, REFUSALS_COUNTED_MAX } from "../../../domain/security/refusal-counts.ts";
import { createFakeDigests } from "../../support/fake-gate-ports.ts";

const RULES = { burst: 2, refillMs: 1_000, addressesMax: 3 };
const at = milliseconds;

test("an address may err so often at once, and once more after each pause", () => {
  const limit = createAttemptLimit(RULES);
  limit.charge("192.0.2.1", at(0));
  expect(limit.blockedForSeconds("192.0.2.1", at(0))).toBeNull();
  limit.charge("192.0.2.1", at(0));
  expect(limit.blockedForSeconds("192.0.2.1", at(0))).toBe(1);
  expect(limit.blockedForSeconds("192.0.2.1", at(999))).toBe(1);
  expect(limit.blockedForSeconds("192.0.2.1", at(1_000))).toBeNull();
});

test("what turned out right is given back, never beyond the burst", () => {
  const limit = createAttemptLimit(RULES);
  limit.charge("192.0.2.1", at(0));
  limit.charge("192.0.2.1", at(0));
  for (let again = 0; again < 5; again += 1) limit.giveBack("192.0.2.1");
  limit.charge("192.0.2.1", at(0));
  limit.charge("192.0.2.1", at(0));
  expect(limit.blockedForSeconds("192.0.2.1", at(0))).toBe(1);
});

test("of too many addresses the one not heard of for longest is forgotten", () => {
  const limit = createAttemptLimit(RULES);
  for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"])
    limit.charge(address, at(0));
  expect(limit.blockedForSeconds("192.0.2.1", at(0))).toBeNull();
});

test("whoever varies its address is counted as many, and each reason is written once a second", () => {
  const written: IntakeRefused[] = [];
  const counts = createRefusalCounts((fact) => written.push(fact));
  const refusal = { channel: "http", claimedSender: "acme", reason: "credentials-wrong" } as const;
  for (let index = 0; index < REFUSALS_COUNTED_MAX + 500; index += 1) {
    counts.note({ ...refusal, source: `host-${index}` }, instant(0));
  }
  expect(written).toHaveLength(REFUSALS_COUNTED_MAX + 1);
  expect(counts.flush(instant(1_000))).toBe(true);
  expect(written.at(-1)).toMatchObject({ source: "many", claimedSender: "", count: 499 });
  expect(counts.flush(instant(2_000))).toBe(false);
});

test("no refusal is lost when the clock is set back", () => {
  const written: IntakeRefused[] = [];
  const counts = createRefusalCounts((fact) => written.push(fact));
  const refusal = {
    channel: "email",
    claimedSender: "",
    source: "192.0.2.1",
    reason: "credentials-missing",
  } as const;
  counts.note(refusal, instant(10_000));
  counts.note(refusal, instant(9_900));
  counts.note(refusal, instant(5_000));
  expect(written.map((fact) => fact.count)).toEqual([1, 2]);
});

test("an API key tells its id, and only its digest is stored", () => {
  const digests = createFakeDigests();
  const { token, sha256 } = mintApiKey("acme-1", new Uint8Array(32).fill(0xfb), digests);
  expect(keyIdOfApiKey(token)).toBe("acme-1");
  expect(parseSha256(sha256)).toEqual(digests.sha256(new TextEncoder().encode(token)));
  expect(() => mintApiKey("acme_1", new Uint8Array(32), digests)).toThrow("api key");
  expect(() => mintApiKey("acme-1", new Uint8Array(16), digests)).toThrow("api key");
  expect(["rvl_acme-1_short", `xxx_a_${"b".repeat(43)}`, ""].map(keyIdOfApiKey)).toEqual([null, null, null]);
  expect([toHex(new Uint8Array([0, 255])), parseSha256("00"), parseSha256("Z".repeat(64))]).toEqual([
    "00ff",
    null,
    null,
  ]);
});
