import { connect } from "node:net";
import { expect, test } from "vitest";
import { BASIC, post, problemOf, rawExchange, startHttpHouse, WAKE_UP } from "./http-house.ts";

const HEAD = `POST /v1/requests HTTP/1.1\r\nHost: a\r\nAuthorization: ${BASIC}\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\n`;

test.each([
  ["a path there is not", "GET", "/v1/nothing", 404, "not-found"],
  ["the root", "GET", "/", 404, "not-found"],
  ["a method that the path does not take", "PUT", "/v1/requests", 405, "method-not-allowed"],
  [
    "a method on a Request",
    "PATCH",
    "/v1/requests/rq_0123456789abcdefghjkmnpqrs_0a1",
    405,
    "method-not-allowed",
  ],
  ["an id that is none", "GET", "/v1/requests/42", 404, "not-found"],
  ["an endless id", "GET", `/v1/requests/${"a".repeat(2_000)}`, 404, "not-found"],
  ["broken percent signs", "GET", "/v1/requests/%zz", 400, "malformed-request"],
] as const)("%s is answered as a problem", async (_what, method, path, status, code) => {
  const house = await startHttpHouse();
  const response = await fetch(`${house.origin}${path}`, { method, headers: { authorization: BASIC } });
  expect(response.status).toBe(status);
  expect(await problemOf(response)).toMatchObject({ type: `/problems/${code}`, status });
});

test("a method that is not taken is told which are", async () => {
  const house = await startHttpHouse();
  const response = await fetch(`${house.origin}/v1/requests`, { method: "PUT" });
  expect(response.headers.get("allow")).toBe("POST");
});

test.each([
  ["another type", { "content-type": "text/plain" }],
  ["no type", { "content-type": "" }],
  ["another charset", { "content-type": "application/json; charset=utf-16" }],
  ["compressed bytes", { "content-encoding": "gzip" }],
])("%s is 415", async (_what, headers) => {
  const house = await startHttpHouse();
  const response = await post(house, new TextEncoder().encode(WAKE_UP), headers);
  expect(response.status).toBe(415);
  expect((await problemOf(response)).type).toBe("/problems/media-type");
});

test("a body beyond 256 KB is 413, whether it says so or never ends", async () => {
  const house = await startHttpHouse();
  const response = await post(house, " ".repeat(262_145));
  expect(response.status).toBe(413);
  expect((await problemOf(response)).type).toBe("/problems/body-too-large");
  const chunk = `4000\r\n${" ".repeat(0x4000)}\r\n`.repeat(20);
  const answer = await rawExchange(house.port, `${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk}`);
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(house.intake.stored).toHaveLength(0);
});

test.each([
  ["two lengths", `${HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
  ["a length and chunks", `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["a negative length", `${HEAD}Content-Length: -5\r\n\r\n`],
  ["a bad chunk", `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
  ["no HTTP at all", "EHLO client.example\r\n\r\n"],
  ["a header line without colon", "GET /healthz HTTP/1.1\r\nHost a\r\n\r\n"],
  ["NUL in a header", "GET /healthz HTTP/1.1\r\nHost: a\0b\r\n\r\n"],
  ["no Host", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"],
])("%s is 400 and a problem, and the gateway stays", async (_what, text) => {
  const house = await startHttpHouse();
  const answer = await rawExchange(house.port, text);
  expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*application\/problem\+json[^]*\/problems\/malformed-request/);
  expect((await fetch(`${house.origin}/healthz`)).status).toBe(200);
  expect(house.intake.stored).toHaveLength(0);
});

test("a header without end is 431", async () => {
  const house = await startHttpHouse();
  const answer = await rawExchange(house.port, `GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}`);
  expect(answer).toMatch(/^HTTP\/1\.1 431 [^]*\/problems\/headers-too-large/);
});

test("an unknown expectation is 417", async () => {
  const house = await startHttpHouse();
  const answer = await rawExchange(
    house.port,
    `${HEAD}Expect: miracles\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 417 [^]*\/problems\/expectation-unknown/);
});

test("two Idempotency-Key lines are refused, though a server would join them", async () => {
  const house = await startHttpHouse();
  const text = `${HEAD}Idempotency-Key: k2\r\nConnection: close\r\nContent-Length: ${WAKE_UP.length}\r\n\r\n${WAKE_UP}`;
  expect(await rawExchange(house.port, text)).toMatch(/^HTTP\/1\.1 400 [^]*idempotency-key-malformed/);
});

test("clients that drip a header or a body are cut off with 408; others are served meanwhile", async () => {
  const house = await startHttpHouse({ limits: { headersTimeoutMs: 300, requestTimeoutMs: 300 } });
  const dripping = Array.from({ length: 100 }, (_, index) =>
    rawExchange(
      house.port,
      index % 2 === 0 ? "POST /v1/requests HTTP/1.1\r\nHo" : `${HEAD}Content-Length: 100\r\n\r\n{`,
    ),
  );
  expect((await post(house)).status).toBe(202);
  const answers = await Promise.all(dripping);
  expect(
    answers.every((answer) => answer.startsWith("HTTP/1.1 408 ") && answer.includes("/problems/timeout")),
  ).toBe(true);
});

test("one address may hold so many connections and no more", async () => {
  const house = await startHttpHouse({ limits: { connectionsPerAddressMax: 3 } });
  const held = await Promise.all(Array.from({ length: 3 }, () => opened(house.port)));
  expect(await rawExchange(house.port, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")).toMatch(
    /^HTTP\/1\.1 503 [^]*\/problems\/too-many-connections/,
  );
  const closed = Promise.all(held.map((socket) => new Promise((resolve) => socket.once("close", resolve))));
  for (const socket of held) socket.destroy();
  await closed;
  expect(await eventuallyServed(house.origin)).toBe(200);
});

test("the gateway holds so many connections in all and no more", async () => {
  const house = await startHttpHouse({ limits: { connectionsMax: 2 }, trustProxy: ["127.0.0.1"] });
  const held = await Promise.all(Array.from({ length: 2 }, () => opened(house.port)));
  expect(await rawExchange(house.port, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")).toBe("");
  for (const socket of held) socket.destroy();
});

test("a call under way is finished when the gateway stops", async () => {
  const house = await startHttpHouse();
  const submit = house.intake.submit.bind(house.intake);
  const asked = Promise.withResolvers<void>();
  const slow = Promise.withResolvers<void>();
  house.intake.submit = async (submission) => {
    asked.resolve();
    await slow.promise;
    return submit(submission);
  };
  const answer = post(house);
  await asked.promise;
  const stopped = house.stop();
  slow.resolve();
  expect((await answer).status).toBe(202);
  await stopped;
});

test("a connection that says nothing does not keep the gateway from stopping", async () => {
  const house = await startHttpHouse({ limits: { closeTimeoutMs: 50 } });
  const silent = await opened(house.port);
  const closed = new Promise((resolve) => silent.once("close", resolve));
  await house.stop();
  await closed;
  expect(silent.destroyed).toBe(true);
});

test("a client that resets after it has sent leaves one Request, and its repeat is the same one", async () => {
  const house = await startHttpHouse();
  const socket = await opened(house.port);
  socket.write(`${HEAD}Content-Length: ${WAKE_UP.length}\r\n\r\n${WAKE_UP}`);
  socket.resetAndDestroy();
  const retried = await post(house, WAKE_UP, { "idempotency-key": "k" });
  expect(retried.status).toBe(202);
  expect(house.intake.stored).toHaveLength(1);
});

test("every problem has a page that says what it means", async () => {
  const house = await startHttpHouse();
  const response = await fetch(`${house.origin}/problems/not-found`);
  expect(await response.json()).toMatchObject({ type: "/problems/not-found", status: 404 });
  expect((await fetch(`${house.origin}/problems/unheard-of`)).status).toBe(404);
});

test("the OpenAPI document names every call and has the schema of a Request", async () => {
  const house = await startHttpHouse();
  const document: unknown = await (await fetch(`${house.origin}/openapi.json`)).json();
  expect(document).toMatchObject({
    openapi: "3.1.0",
    paths: { "/v1/requests": { post: {} }, "/v1/requests/{id}": { get: {}, delete: {} } },
    components: {
      schemas: { Request: { required: ["to", "document"] }, Problem: { properties: { type: {} } } },
    },
  });
});

test("answers are kept by no cache and taken for nothing else", async () => {
  const house = await startHttpHouse();
  const response = await post(house);
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
});

function opened(port: number): Promise<ReturnType<typeof connect>> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  return new Promise((resolve) => socket.once("connect", () => resolve(socket)));
}

/** The server notices a closed connection a turn or two after its client. */
async function eventuallyServed(origin: string): Promise<number> {
  for (let again = 0; again < 50; again += 1) {
    const response = await fetch(`${origin}/healthz`, { headers: { connection: "close" } }).catch(() => null);
    if (response?.status === 200) return response.status;
  }
  return 503;
}
