/** `GET /v1/requests/{id}?asOf=TIME`: where a Request stood at an earlier time. */
import { expect, onTestFinished, test } from "vitest";
import { createHttpClient } from "../../../adapters/cli/http-client.ts";
import { ACME, PASSWORD, senderId } from "../../support/fake-gatekeeper.ts";
import { fakeRequestId } from "../../support/fake-intake.ts";
import { BASIC, type HttpHouse, problemOf, startHttpHouse } from "./http-house.ts";

const OURS = fakeRequestId("ours");
const THEIRS = fakeRequestId("theirs");
/** Just after its first event; the second comes a millisecond later. */
const AFTER_FIRST = "2026-11-18T11:06:40.001Z";

async function house(): Promise<HttpHouse> {
  const at = await startHttpHouse();
  at.queries.happen(ACME, OURS);
  at.queries.happen(ACME, OURS, true);
  at.queries.happen(senderId("hotel"), THEIRS);
  return at;
}

function ask(at: HttpHouse, id: string, query: string, authorization = BASIC): Promise<Response> {
  return fetch(`${at.origin}/v1/requests/${id}?${query}`, { headers: { authorization } });
}

test("a Request is shown as it stood then, with the time that was asked for (N05)", async () => {
  const at = await house();
  expect(await (await ask(at, OURS, "")).json()).toMatchObject({ seq: 2, status: "completed" });
  const then = await ask(at, OURS, `asOf=${AFTER_FIRST}`);
  expect(then.status).toBe(200);
  expect(await then.json()).toMatchObject({ id: OURS, seq: 1, status: "queued", asOf: AFTER_FIRST });
});

test("a time in another zone is the same time", async () => {
  const at = await house();
  const then = await ask(at, OURS, `asOf=${encodeURIComponent("2026-11-18T12:06:40.001+01:00")}`);
  expect(await then.json()).toMatchObject({ seq: 1, asOf: AFTER_FIRST });
});

test("before its receipt there was no such Request", async () => {
  const at = await house();
  const then = await ask(at, OURS, "asOf=2026-11-18T11:06:39Z");
  expect(then.status).toBe(404);
  expect(await then.text()).toBe(await (await ask(at, fakeRequestId("nobodys"), "")).text());
});

test.each([
  "asOf=yesterday",
  "asOf=2026-11-18T11:06:40",
  "asOf=",
  "asOf=1795000000000",
  `asOf=${AFTER_FIRST}&asOf=${AFTER_FIRST}`,
])("%s is no time, and is refused", async (query) => {
  const at = await house();
  const response = await ask(at, OURS, query);
  expect(response.status).toBe(400);
  expect((await problemOf(response)).type).toBe("/problems/as-of-malformed");
});

test("the past of another Sender's Request does not exist, and nobody sees any without credentials", async () => {
  const at = await house();
  expect((await ask(at, THEIRS, `asOf=${AFTER_FIRST}`)).status).toBe(404);
  expect((await ask(at, OURS, `asOf=${AFTER_FIRST}`, "")).status).toBe(401);
});

test("the command line's client asks for it", async () => {
  const at = await house();
  const client = createHttpClient({
    origin: at.origin,
    credentials: { sender: "acme", password: PASSWORD },
    timeoutMs: 5_000,
  });
  onTestFinished(() => client.close());
  expect(await client.status(OURS, AFTER_FIRST)).toMatchObject({ ok: true, value: { seq: 1 } });
  expect(await client.status(OURS, "soon")).toMatchObject({ ok: false, error: { code: "as-of-malformed" } });
});
