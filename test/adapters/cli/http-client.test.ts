import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { createHttpClient, type HttpClient } from "../../../adapters/cli/http-client.ts";
import { ACME, PASSWORD } from "../../support/fake-gatekeeper.ts";
import { fakeRequestId } from "../../support/fake-intake.ts";
import { startHttpHouse } from "../http/http-house.ts";

const REQUEST = { to: "+12125550123", document: { url: "https://hotel.example/wake-up.vxml" } };
const ID = fakeRequestId("ours");

function clientOf(origin: string, password = PASSWORD): HttpClient {
  const client = createHttpClient({ origin, credentials: { sender: "acme", password }, timeoutMs: 5_000 });
  onTestFinished(() => client.close());
  return client;
}

test("a Request is sent, and sent again it is the same one", async () => {
  const house = await startHttpHouse();
  const client = clientOf(house.origin);
  const first = await client.send(REQUEST, 'key "1"');
  expect(first).toMatchObject({ ok: true, value: { status: "received", replayed: false } });
  expect(await client.send(REQUEST, 'key "1"')).toMatchObject({ ok: true, value: { replayed: true } });
  expect(house.intake.stored[0]?.idempotencyKey).toBe('key "1"');
});

test("status, events, explanation and cancellation are typed answers", async () => {
  const house = await startHttpHouse();
  house.queries.happen(ACME, ID);
  const client = clientOf(house.origin);
  expect(await client.status(ID)).toMatchObject({ ok: true, value: { status: "queued" } });
  expect(await client.events(ID)).toMatchObject({ ok: true, value: [{ seq: 1 }] });
  expect(await client.explain(ID)).toMatchObject({
    ok: true,
    value: { summary: "It waits for a free port." },
  });
  expect(await client.cancel(ID)).toMatchObject({ ok: true, value: { id: ID, status: "cancelling" } });
});

test("a watch follows a Request to its end", async () => {
  const house = await startHttpHouse();
  house.queries.happen(ACME, ID);
  const seen: unknown[] = [];
  for await (const answer of clientOf(house.origin).watch(ID, 0, AbortSignal.timeout(10_000))) {
    seen.push(answer.ok && answer.value["seq"]);
    if (seen.length < 3) house.queries.happen(ACME, ID, seen.length === 2);
  }
  expect(seen).toEqual([1, 2, 3]);
});

test("a watch of somebody else's Request ends with the refusal", async () => {
  const house = await startHttpHouse();
  const answers: unknown[] = [];
  for await (const answer of clientOf(house.origin).watch(ID, 0, AbortSignal.timeout(10_000)))
    answers.push(answer);
  expect(answers).toMatchObject([{ ok: false, error: { code: "not-found", status: 404 } }]);
});

test("a refusal is readable, with every fault in a line", async () => {
  const house = await startHttpHouse();
  const answer = await clientOf(house.origin).send({ to: "12125550199", rank: 12 }, "k");
  expect(answer).toMatchObject({
    ok: false,
    error: { code: "request-invalid", status: 422, retryable: false },
  });
  const message = answer.ok ? "" : answer.error.message;
  expect(message.split("\n")).toHaveLength(4);
  expect(message).toContain("  /rank: must be a whole number of rank from 0 to 9, not 12");
  expect(message).not.toContain("0199");
});

test("what may be tried again says so, and when", async () => {
  const house = await startHttpHouse();
  house.intake.answer = { ok: false, reason: "unavailable", retryAfterSeconds: 7 };
  expect(await clientOf(house.origin).send(REQUEST, "k")).toMatchObject({
    ok: false,
    error: { code: "unavailable", status: 503, retryable: true, retryAfterSeconds: 7 },
  });
});

test("a gateway that is not there is an answer too", async () => {
  const house = await startHttpHouse();
  await house.stop();
  expect(await clientOf(house.origin).status(ID)).toMatchObject({
    ok: false,
    error: { code: "unreachable", status: 0, retryable: true },
  });
});

test("something else at the address is told apart from a gateway", async () => {
  const server = createServer((_request, response) => response.end("<html>It works!</html>"));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const client = clientOf(`http://127.0.0.1:${port}`);
  expect(await client.status(ID)).toMatchObject({ ok: false, error: { code: "unreadable" } });
});

test("the client holds no secret in its errors", async () => {
  const house = await startHttpHouse();
  const answer = await clientOf(house.origin, "planted secret").status(ID);
  expect(answer).toMatchObject({ ok: false, error: { code: "credentials-wrong", status: 401 } });
  expect(JSON.stringify(answer)).not.toContain("planted");
});
