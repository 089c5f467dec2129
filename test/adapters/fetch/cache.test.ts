import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { parseSenderId } from "../../../domain/kernel/identifiers.ts";
import type { FetchRequest } from "../../../domain/ports/fetcher.ts";
import { getOf, NEVER, newFetcher, startCanary } from "./canary.ts";

async function startCached(answer: (response: ServerResponse, conditional: boolean) => void) {
  let at = Date.parse("2026-11-21T12:00:00Z");
  const canary = await startCanary((request, response) => {
    answer(
      response,
      request.headers["if-none-match"] !== undefined || request.headers["if-modified-since"] !== undefined,
    );
  });
  const fetcher = newFetcher({ allowLoopback: true, now: () => at });
  return {
    canary,
    pass: (seconds: number) => {
      at += seconds * 1_000;
    },
    get: async (more: Partial<FetchRequest> = {}) => {
      const result = await fetcher.fetch(getOf(`http://127.0.0.1:${canary.port}/a.vxml`, more), NEVER);
      return result.ok ? `${result.status} ${Buffer.from(result.bytes).toString()}` : result.failure;
    },
  };
}

test("a document is fetched once while it is fresh, and again after", async () => {
  const { canary, pass, get } = await startCached((response) =>
    response.writeHead(200, { "cache-control": "public, max-age=60" }).end("page"),
  );
  expect([await get(), await get()]).toEqual(["200 page", "200 page"]);
  expect(canary.requests.length).toBe(1);
  pass(60);
  await get();
  expect(canary.requests.length).toBe(2);
});

test("a stale document is asked for with its validators, and renewed by a 304", async () => {
  const { canary, pass, get } = await startCached((response, conditional) => {
    const headers = { etag: '"v1"', "cache-control": "max-age=60" };
    if (conditional) response.writeHead(304, headers).end();
    else response.writeHead(200, headers).end("page");
  });
  await get();
  pass(61);
  expect(await get()).toBe("200 page");
  pass(30);
  expect(await get()).toBe("200 page");
  expect(canary.requests.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, '"v1"']);
});

test("Expires counts from Date; Age has been lived already", async () => {
  const { canary, pass, get } = await startCached((response) =>
    response
      .writeHead(200, {
        date: "Sat, 21 Nov 2026 12:00:00 GMT",
        expires: "Sat, 21 Nov 2026 12:02:00 GMT",
        age: "60",
      })
      .end("page"),
  );
  await get();
  pass(59);
  await get();
  expect(canary.requests.length).toBe(1);
  pass(2);
  await get();
  expect(canary.requests.length).toBe(2);
});

test.each([
  ["no-store", { "cache-control": "no-store, max-age=60" }],
  ["a cookie", { "cache-control": "max-age=60", "set-cookie": "a=1" }],
  ["Vary: Cookie", { "cache-control": "max-age=60", vary: "Cookie" }],
  ["no word about it", {}],
])("an answer with %s is not kept", async (_, headers) => {
  const { canary, get } = await startCached((response) => response.writeHead(200, headers).end("page"));
  await get();
  await get();
  expect(canary.requests.length).toBe(2);
});

test("an error is not kept", async () => {
  const { canary, get } = await startCached((response) =>
    response.writeHead(500, { "cache-control": "max-age=60" }).end(),
  );
  await get();
  await get();
  expect(canary.requests.length).toBe(2);
});

test("what one Sender fetched, or asked for with a cookie, or posted, is nobody else's answer", async () => {
  const { canary, get } = await startCached((response) =>
    response.writeHead(200, { "cache-control": "max-age=60" }).end("page"),
  );
  await get();
  await get({ sender: parseSenderId("other") });
  await get({ headers: { cookie: "a=1" } });
  await get({ method: "POST", purpose: "submit" });
  await get({ purpose: "data" });
  expect(canary.requests.length).toBe(5);
});

test("kept answers take no more than their bytes: the longest unused go first", async () => {
  const canary = await startCanary((_, response) =>
    response.writeHead(200, { "cache-control": "max-age=60" }).end("x".repeat(10_000)),
  );
  const fetcher = newFetcher({ allowLoopback: true, limits: { cacheBytesMax: 25_000 } });
  const get = (path: string) => fetcher.fetch(getOf(`http://127.0.0.1:${canary.port}/${path}`), NEVER);
  for (const path of ["a", "b", "a", "c", "a", "b"]) await get(path);
  expect(canary.requests.map(({ url }) => url)).toEqual(["/a", "/b", "/c", "/b"]);
});
