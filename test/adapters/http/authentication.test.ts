import { expect, test } from "vitest";
import { BASIC, post, problemOf, startHttpHouse, WAKE_UP } from "./http-house.ts";

test("without credentials it is 401 with the ways in, and the gate counts it", async () => {
  const house = await startHttpHouse();
  const response = await post(house, WAKE_UP, { authorization: "" });
  expect(response.status).toBe(401);
  expect(response.headers.get("www-authenticate")).toMatch(/^Basic .*Bearer .*Reveille-HMAC-SHA256 /);
  expect((await problemOf(response)).type).toBe("/problems/credentials-missing");
  expect(house.gatekeeper.asked).toEqual([{ proof: null, channel: "http", address: "127.0.0.1" }]);
});

test.each([
  ["credentials-wrong", 401, null],
  ["timestamp-outside-window", 401, null],
  ["signature-malformed", 401, null],
  ["source-not-allowed", 403, null],
  ["sender-suspended", 403, null],
  ["too-many-attempts", 429, 3],
  ["not-ready", 503, 1],
] as const)("%s is %d", async (reason, status, retryAfterSeconds) => {
  const house = await startHttpHouse();
  house.gatekeeper.refusing = { reason, retryAfterSeconds };
  const response = await post(house);
  expect(response.status).toBe(status);
  expect(response.headers.get("retry-after")).toBe(
    retryAfterSeconds === null ? null : String(retryAfterSeconds),
  );
  expect((await problemOf(response)).type).toBe(`/problems/${reason}`);
  expect(house.intake.stored).toHaveLength(0);
});

test("a header that is no credential is told so, before anybody is asked", async () => {
  const house = await startHttpHouse();
  const response = await post(house, WAKE_UP, { authorization: "Negotiate abc" });
  expect((await problemOf(response)).type).toBe("/problems/signature-malformed");
  expect(house.gatekeeper.asked).toHaveLength(0);
});

test("whoever is unknown learns nothing about its JSON", async () => {
  const house = await startHttpHouse();
  const response = await post(house, "{", { authorization: "" });
  expect(response.status).toBe(401);
});

test("X-Forwarded-For is believed from trusted proxies only", async () => {
  const forwarded = { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https" };
  const alone = await startHttpHouse();
  await post(alone, WAKE_UP, forwarded);
  expect(alone.gatekeeper.asked[0]?.address).toBe("127.0.0.1");
  const behind = await startHttpHouse({ trustProxy: ["127.0.0.1"] });
  await post(behind, WAKE_UP, forwarded);
  expect(behind.gatekeeper.asked[0]?.address).toBe("203.0.113.9");
});

test("a secret that came over the Internet in clear is refused unread", async () => {
  const house = await startHttpHouse({ trustProxy: ["127.0.0.1"] });
  const far = { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "http" };
  for (const authorization of [BASIC, `Bearer rvl_acme-1_${"x".repeat(43)}`]) {
    const response = await post(house, WAKE_UP, { ...far, authorization });
    expect(response.status).toBe(403);
    expect((await problemOf(response)).type).toBe("/problems/tls-required");
  }
  expect(house.gatekeeper.asked).toHaveLength(0);
  const authorization = 'Reveille-HMAC-SHA256 keyId="acme-1", created=1795000000, id="m-1", signature="good"';
  expect((await post(house, WAKE_UP, { ...far, authorization })).status).toBe(202);
});

test("no secret reaches a log or an answer", async () => {
  const house = await startHttpHouse();
  house.intake.answer = "broken";
  const planted = `Basic ${btoa("acme:correct horse")}`;
  const answers = [
    await post(house, WAKE_UP, { authorization: planted }),
    await post(house, "{", { authorization: planted }),
  ];
  const said = (await Promise.all(answers.map((answer) => answer.text()))).join("");
  for (const secret of ["correct horse", planted, "+12125550123"]) {
    expect(said).not.toContain(secret);
    expect(JSON.stringify(house.log.lines)).not.toContain(secret);
  }
});
