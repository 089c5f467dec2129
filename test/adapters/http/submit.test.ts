import { expect, test } from "vitest";
import { instant } from "../../../domain/kernel/time.ts";
import type { RequestEvent } from "../../../domain/request/events.ts";
import { post, problemOf, startHttpHouse, WAKE_UP } from "./http-house.ts";

test("a Request by HTTP is answered with its id and where to follow it (D02, B01, B02)", async () => {
  const house = await startHttpHouse();
  const response = await post(house);
  expect(response.status).toBe(202);
  const body: unknown = await response.json();
  const location = response.headers.get("location") ?? "";
  expect(location).toMatch(/^\/v1\/requests\/rq_/);
  const id = location.slice("/v1/requests/".length);
  expect(body).toEqual({
    id,
    status: "received",
    links: { self: location, events: `${location}/events`, explain: `${location}/explain`, cancel: location },
  });
  expect(house.intake.stored[0]?.draft.to).toBe("+12125550123");
  expect(house.intake.stored[0]).toMatchObject({ channel: "http", idempotencyKey: "k1", attached: [] });
});

test("nothing is answered with 202 while the log can't take it", async () => {
  const house = await startHttpHouse();
  house.intake.answer = { ok: false, reason: "unavailable", retryAfterSeconds: 7 };
  const response = await post(house);
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("7");
  expect((await problemOf(response)).type).toBe("/problems/unavailable");
});

test("an intake that breaks is a 500 without its words, and is logged", async () => {
  const house = await startHttpHouse();
  house.intake.answer = "broken";
  const response = await post(house);
  expect(response.status).toBe(500);
  const problem = await problemOf(response);
  expect(problem.type).toBe("/problems/internal");
  expect(JSON.stringify(problem)).not.toContain("told to break");
  expect(house.log.lines.map((line) => line.level)).toEqual(["error"]);
});

test("fifty equal posts at once make one Request and fifty equal answers", async () => {
  const house = await startHttpHouse();
  const responses = await Promise.all(Array.from({ length: 50 }, () => post(house)));
  const answers = await Promise.all(responses.map((response) => response.text()));
  expect(new Set(responses.map((response) => response.status))).toEqual(new Set([202]));
  expect(new Set(answers).size).toBe(1);
  expect(house.intake.stored).toHaveLength(1);
  const replayed = responses.filter((response) => response.headers.get("idempotent-replayed") === "true");
  expect(replayed).toHaveLength(49);
});

test("a key that came with another body is refused", async () => {
  const house = await startHttpHouse();
  await post(house);
  const response = await post(house, WAKE_UP.replace("wake-up", "other"));
  expect(response.status).toBe(422);
  expect((await problemOf(response)).type).toBe("/problems/idempotency-key-reused");
});

test("a post without a key and without a signed id is refused", async () => {
  const house = await startHttpHouse();
  const response = await post(house, WAKE_UP, { "idempotency-key": "" });
  expect(response.status).toBe(400);
  expect((await problemOf(response)).type).toBe("/problems/idempotency-key-missing");
});

test("a signed message is known by its signed id, whatever key somebody adds to it", async () => {
  const house = await startHttpHouse();
  const authorization = 'Reveille-HMAC-SHA256 keyId="acme-1", created=1795000000, id="m-1", signature="good"';
  const first = await post(house, WAKE_UP, { authorization, "idempotency-key": "a" });
  const second = await post(house, WAKE_UP, { authorization, "idempotency-key": "b" });
  expect(await second.text()).toBe(await first.text());
  expect(house.intake.stored).toHaveLength(1);
  expect(house.intake.stored[0]?.idempotencyKey).toBeNull();
});

test("the signature covers method, path and the very bytes", async () => {
  const house = await startHttpHouse();
  const authorization = 'Reveille-HMAC-SHA256 keyId="acme-1", created=1795000000, id="m-1", signature="good"';
  const body = ` ${WAKE_UP}\n`;
  await post(house, body, { authorization });
  expect(house.gatekeeper.asked[0]?.proof).toMatchObject({ method: "POST", path: "/v1/requests" });
  const proof = house.gatekeeper.asked[0]?.proof;
  expect(proof?.mechanism === "message-digest" && Buffer.from(proof.body).toString()).toBe(body);
});

test("a quick refusal by policy names the reason and the explanation", async () => {
  const house = await startHttpHouse();
  house.intake.decided = rejected();
  const response = await post(house);
  expect(response.status).toBe(422);
  const problem = await problemOf(response);
  expect(problem).toMatchObject({ type: "/problems/policy-rejected", reasonCode: "number.emergency" });
  expect(problem.explain).toBe(`/v1/requests/${problem.requestId}/explain`);
});

test("what was decided within the wait is told", async () => {
  const house = await startHttpHouse();
  house.intake.decided = { type: "RequestQueued", at: instant(0), priority: 1, verdicts: [] };
  expect(await (await post(house)).json()).toMatchObject({ status: "queued" });
});

test("a parameter that is not known is refused: dryRun must not place a call", async () => {
  const house = await startHttpHouse();
  const response = await post(house, WAKE_UP, {}, "/v1/requests?dryRun=true");
  expect(response.status).toBe(400);
  expect((await problemOf(response)).type).toBe("/problems/query-unknown");
  expect(house.intake.stored).toHaveLength(0);
});

test("every fault of a Request is told with its place, and no number is told back", async () => {
  const house = await startHttpHouse();
  const wrong = JSON.stringify({ to: "+1 212 555 0199", document: {}, ringTimeout: 5, rank: "5" });
  const response = await post(house, wrong);
  expect(response.status).toBe(422);
  const problem = await problemOf(response);
  const places = problem.errors?.map((error) => `${error.pointer} ${error.code}`).toSorted();
  expect(places).toEqual([
    "/document field.missing",
    "/rank field.type",
    "/ringTimeout field.unknown",
    "/to number.malformed",
  ]);
  expect(JSON.stringify(problem)).not.toContain("0199");
});

test.each([
  [
    "twice the same name",
    '{"to":"+12125550123","to":"+19005550123","document":{"url":"https://a.example/"}}',
  ],
  ["a number out of range", '{"rank":1e999}'],
  ["ten thousand levels", "[".repeat(10_000)],
  ["__proto__", '{"__proto__":{"to":"+12125550123"}}'],
  ["half a character", '{"userData":"\\ud800"}'],
  ["NUL", '{"userData":"\\u0000"}'],
  ["no JSON", "to=+12125550123"],
  ["nothing", " "],
])("%s is not JSON to us", async (_what, body) => {
  const house = await startHttpHouse();
  const response = await post(house, body);
  expect(response.status).toBe(400);
  expect((await problemOf(response)).type).toBe("/problems/json-malformed");
  expect(Object.hasOwn(Object.prototype, "to")).toBe(false);
});

test("invalid UTF-8 is refused rather than repaired", async () => {
  const house = await startHttpHouse();
  const response = await post(house, new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]));
  expect(response.status).toBe(400);
  expect((await problemOf(response)).errors?.[0]?.code).toBe("json.encoding");
});

test.each(['"with \\"quotes\\" and \\\\"', "bare-key", '"1"'])("the key %s is taken", async (key) => {
  const house = await startHttpHouse();
  expect((await post(house, WAKE_UP, { "idempotency-key": key })).status).toBe(202);
});

test.each([
  '""',
  '"unfinished',
  'in"side',
  `"${"k".repeat(129)}"`,
  '"caf\u00e9"',
])("the key %s is refused", async (key) => {
  const house = await startHttpHouse();
  const response = await post(house, WAKE_UP, { "idempotency-key": key });
  expect((await problemOf(response)).type).toBe("/problems/idempotency-key-malformed");
});

function rejected(): RequestEvent {
  const verdict = {
    check: "number.emergency",
    setBy: "law",
    rule: "default@1#emergency",
    says: "refuse",
    reason: "number.emergency",
    until: null,
    facts: {},
  } as const;
  return { type: "PolicyRejected", at: instant(0), verdicts: [verdict] };
}
