import { expect, test } from "vitest";
import { ACME, senderId } from "../../support/fake-gatekeeper.ts";
import { FAKE_DURABLE, fakeRequestId } from "../../support/fake-intake.ts";
import { BASIC, type HttpHouse, problemOf, startHttpHouse } from "./http-house.ts";

const OURS = fakeRequestId("ours");
const THEIRS = fakeRequestId("theirs");

async function house(change: Parameters<typeof startHttpHouse>[0] = {}): Promise<HttpHouse> {
  const started = await startHttpHouse(change);
  started.queries.happen(ACME, OURS);
  started.queries.happen(senderId("hotel"), THEIRS);
  return started;
}

function call(
  at: HttpHouse,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Response> {
  return fetch(`${at.origin}/v1/requests/${path}`, { method, headers: { authorization: BASIC, ...headers } });
}

/** Everything of a stream up to and with the text that is awaited, or to its end. */
async function readUntil(response: Response, awaited: string): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let seen = "";
  while (!seen.includes(awaited)) {
    const { done, value } = await reader.read();
    if (done) break;
    seen += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return seen;
}

const STREAM = { accept: "text/event-stream" };

test("a Sender sees where its Request stands, in RFC 3339, with its user data (B09)", async () => {
  const at = await house();
  const response = await call(at, OURS);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    id: OURS,
    status: "queued",
    receivedAt: "2026-11-18T11:06:40.000Z",
    dueAt: null,
    userData: "order 7",
    links: { self: `/v1/requests/${OURS}` },
  });
});

test.each(["", "/events", "/explain"])("another Sender's Request%s does not exist", async (suffix) => {
  const at = await house();
  const theirs = await call(at, `${THEIRS}${suffix}`);
  const nobodys = await call(at, `${fakeRequestId("nobody")}${suffix}`);
  expect(theirs.status).toBe(404);
  expect(await theirs.text()).toBe(await nobodys.text());
});

test.each(["", "/events", "/explain"])("nobody looks at a Request%s without credentials", async (suffix) => {
  const at = await house();
  const response = await call(at, `${OURS}${suffix}`, { authorization: "" });
  expect(response.status).toBe(401);
});

test("the events are a list, each with the id that webhooks carry", async () => {
  const at = await house();
  expect(await (await call(at, `${OURS}/events`)).json()).toMatchObject({
    requestId: OURS,
    events: [{ id: `evt_${OURS}_1`, seq: 1, at: "2026-11-18T11:06:40.001Z", event: { type: "FactIgnored" } }],
  });
});

test("the explanation is told", async () => {
  const at = await house();
  expect(await (await call(at, `${OURS}/explain`)).json()).toMatchObject({
    summary: "It waits for a free port.",
  });
});

test("a stream tells what was, what comes, and ends with the Request", async () => {
  const at = await house();
  const response = await call(at, `${OURS}/events`, STREAM);
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  at.queries.happen(ACME, OURS);
  at.queries.happen(ACME, OURS, true);
  const text = await readUntil(response, "no such text");
  expect(text).toMatch(/^retry: 3000\n\nid: 1\nevent: FactIgnored\ndata: \{.*\}\n\nid: 2\n[^]*id: 3\n/);
  expect(text.match(/^id: /gm)).toHaveLength(3);
});

test("a stream is resumed without a gap or a repeat", async () => {
  const at = await house();
  at.queries.happen(ACME, OURS);
  at.queries.happen(ACME, OURS, true);
  const response = await call(at, `${OURS}/events`, { ...STREAM, "last-event-id": "1" });
  expect((await readUntil(response, "no such text")).match(/^id: .*$/gm)).toEqual(["id: 2", "id: 3"]);
});

test("a reader of a Request that is over is told to stop asking", async () => {
  const at = await house();
  at.queries.happen(ACME, OURS, true);
  const response = await call(at, `${OURS}/events`, { ...STREAM, "last-event-id": "2" });
  expect(response.status).toBe(204);
});

test.each(["x", "-1", "1e3"])("the Last-Event-ID %s is refused", async (id) => {
  const at = await house();
  const response = await call(at, `${OURS}/events`, { ...STREAM, "last-event-id": id });
  expect((await problemOf(response)).type).toBe("/problems/last-event-id-malformed");
});

test("a silent stream gives a sign of life", async () => {
  const at = await house({ limits: { streamHeartbeatMs: 20 } });
  const response = await call(at, `${OURS}/events`, STREAM);
  expect(await readUntil(response, ": still here")).toContain(": still here\n\n");
});

test("a Sender may have five streams; a sixth is refused until one ends", async () => {
  const at = await house();
  const open = await Promise.all(Array.from({ length: 5 }, () => call(at, `${OURS}/events`, STREAM)));
  const sixth = await call(at, `${OURS}/events`, STREAM);
  expect(sixth.status).toBe(429);
  expect((await problemOf(sixth)).type).toBe("/problems/too-many-streams");
  at.queries.happen(ACME, OURS, true);
  await Promise.all(open.map((response) => readUntil(response, "no such text")));
  expect((await call(at, `${OURS}/events`, STREAM)).status).toBe(200);
});

test("a reader that does not read is cut off", async () => {
  const at = await house({ limits: { streamUnsentBytesMax: 100_000 } });
  at.queries.paddingBytes = 1_000_000;
  const response = await call(at, `${OURS}/events`, STREAM);
  await readUntilWatching(at, 1);
  for (let event = 0; event < 50; event += 1) at.queries.happen(ACME, OURS);
  await readUntilWatching(at, 0);
  await expect(response.text()).rejects.toThrow(/terminated|aborted/);
});

test("a reader that leaves is no longer watched for", async () => {
  const at = await house();
  const leaving = new AbortController();
  const url = `${at.origin}/v1/requests/${OURS}/events`;
  await fetch(url, { headers: { authorization: BASIC, ...STREAM }, signal: leaving.signal });
  await readUntilWatching(at, 1);
  leaving.abort();
  await readUntilWatching(at, 0);
  expect(at.queries.watching).toBe(0);
});

test("a gateway that stops ends its streams", async () => {
  const at = await house();
  const response = await call(at, `${OURS}/events`, STREAM);
  const read = readUntil(response, "no such text").catch(() => "cut");
  await at.stop();
  expect(typeof (await read)).toBe("string");
  expect(at.queries.watching).toBe(0);
});

test("a Request is cancelled when that is durable", async () => {
  const at = await house();
  const response = await call(at, OURS, {}, "DELETE");
  expect(response.status).toBe(202);
  expect(await response.json()).toMatchObject({ id: OURS, status: "cancelling" });
  expect(at.intake.cancelled).toEqual([OURS]);
});

test.each([
  [{ ok: false, reason: "not-found" }, 404, "not-found"],
  [{ ok: false, reason: "too-late" }, 409, "cancel-too-late"],
  [{ ok: false, reason: "over" }, 409, "request-over"],
  [{ ok: false, reason: "unavailable", retryAfterSeconds: 2 }, 503, "unavailable"],
] as const)("a cancellation that is %j is %d", async (answer, status, code) => {
  const at = await house();
  at.intake.cancelAnswer = answer;
  const response = await call(at, OURS, {}, "DELETE");
  expect(response.status).toBe(status);
  expect((await problemOf(response)).type).toBe(`/problems/${code}`);
  at.intake.cancelAnswer = { ok: true, durable: FAKE_DURABLE };
});

/** Turns of the event loop until so many watchers are left; the test's own time limit bounds it. */
async function readUntilWatching(at: HttpHouse, count: number): Promise<void> {
  while (at.queries.watching !== count) await new Promise((resolve) => setImmediate(resolve));
}
