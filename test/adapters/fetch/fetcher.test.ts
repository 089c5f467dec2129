import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { FETCH_LIMITS } from "../../../adapters/fetch/fetch-limits.ts";
import { parseSenderId } from "../../../domain/kernel/identifiers.ts";
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { FetchPurpose } from "../../../domain/ports/fetcher.ts";
import { getOf, NEVER, newFetcher, startCanary } from "./canary.ts";

const LOCAL = { allowLoopback: true } as const;

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

test("an answer comes with its status, type, charset, headers and cookies", async () => {
  const canary = await startCanary((_, response) => {
    response
      .writeHead(404, {
        "Content-Type": 'Text/XML; charset="UTF-8"',
        "X-Thing": "one",
        "Set-Cookie": ["a=1", "b=2; Path=/"],
      })
      .end("<vxml/>");
  });
  const result = await newFetcher(LOCAL).fetch(getOf(`http://u:p@127.0.0.1:${canary.port}/a?b#c`), NEVER);
  if (!result.ok) throw new Error(result.detail);
  expect(result).toMatchObject({
    status: 404,
    contentType: "text/xml",
    charset: "utf-8",
    setCookies: ["a=1", "b=2; Path=/"],
  });
  expect(result.url).toBe(`http://127.0.0.1:${canary.port}/a?b`);
  expect(result.headers["x-thing"]).toBe("one");
  expect(textOf(result.bytes)).toBe("<vxml/>");
  const [request] = canary.requests;
  expect(request?.headers["user-agent"]).toBe("reveille/test");
  expect(request?.headers["accept-encoding"]).toBe("identity");
  expect(request?.headers["authorization"]).toBeUndefined();
});

test("a POST carries its body, its type and the caller's headers, but none of the connection's", async () => {
  const bodies: string[] = [];
  const canary = await startCanary((request, response) => {
    request.on("data", (piece: Buffer) => bodies.push(piece.toString()));
    request.on("end", () => response.writeHead(204).end());
  });
  const result = await newFetcher(LOCAL).fetch(
    getOf(`http://127.0.0.1:${canary.port}/`, {
      method: "POST",
      purpose: "webhook",
      body: { contentType: "application/json", bytes: Buffer.from("{}") },
      headers: { "X-Signature": "abc", Host: "evil", "Transfer-Encoding": "chunked", Connection: "upgrade" },
    }),
    NEVER,
  );
  expect(result).toMatchObject({ ok: true, status: 204, contentType: null });
  const headers = canary.requests[0]?.headers ?? {};
  expect([headers["x-signature"], headers["content-type"], headers.host]).toEqual([
    "abc",
    "application/json",
    `127.0.0.1:${canary.port}`,
  ]);
  expect(headers["transfer-encoding"]).toBeUndefined();
  expect(bodies.join("")).toBe("{}");
});

test.each([
  ["x\r\ny", "1"],
  ["a b", "1"],
  ["x", "1\r\nInjected: 2"],
])("the header %j: %j is refused, not sent", async (name, value) => {
  const canary = await startCanary((_, response) => response.end());
  const request = getOf(`http://127.0.0.1:${canary.port}/`, { headers: { [name]: value } });
  expect(await newFetcher(LOCAL).fetch(request, NEVER)).toMatchObject({ ok: false, failure: "bad-url" });
  expect(canary.connections()).toBe(0);
});

test.each([
  "",
  "/relative",
  "http://",
  "nonsense",
  `https://a.example/${"x".repeat(9_000)}`,
])("%j is no URL", async (url) => {
  expect(await newFetcher({}).fetch(getOf(url), NEVER)).toMatchObject({ ok: false, failure: "bad-url" });
});

const PURPOSES: readonly FetchPurpose[] = [
  "document",
  "grammar",
  "script",
  "audio",
  "data",
  "submit",
  "webhook",
];

test.each(
  PURPOSES,
)("a %s of exactly its limit is taken, one byte more is too large, said or unsaid", async (purpose) => {
  const limit = FETCH_LIMITS.bytesMax[purpose];
  const canary = await startCanary((request, response) => {
    const size = Number(request.url?.slice(2));
    if (request.url?.startsWith("/c") === true) response.setHeader("transfer-encoding", "chunked");
    else response.setHeader("content-length", size);
    response.end(Buffer.alloc(size, "x"));
  });
  const fetcher = newFetcher(LOCAL);
  const get = (path: string) =>
    fetcher.fetch(getOf(`http://127.0.0.1:${canary.port}/${path}`, { purpose }), NEVER);
  expect(await get(`l${limit}`)).toMatchObject({ ok: true });
  expect(await get(`c${limit}`)).toMatchObject({ ok: true });
  expect(await get(`l${limit + 1}`)).toMatchObject({ ok: false, failure: "too-large" });
  expect(await get(`c${limit + 1}`)).toMatchObject({ ok: false, failure: "too-large" });
});

test("a compressed answer is refused: a few kilobytes could be a gigabyte", async () => {
  const canary = await startCanary((_, response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(10_000_000)));
  });
  const result = await newFetcher(LOCAL).fetch(getOf(`http://127.0.0.1:${canary.port}/`), NEVER);
  expect(result).toMatchObject({ ok: false, detail: expect.stringContaining("compressed") });
});

test("a server that drips is cut off when the whole time is over", async () => {
  const timers: NodeJS.Timeout[] = [];
  const canary = await startCanary((_, response) => {
    response.writeHead(200);
    timers.push(setInterval(() => response.write("x"), 20));
    response.on("close", () => timers.forEach(clearInterval));
  });
  const request = getOf(`http://127.0.0.1:${canary.port}/`, { timeoutMs: milliseconds(200) });
  expect(await newFetcher(LOCAL).fetch(request, NEVER)).toMatchObject({ ok: false, failure: "timeout" });
});

test("a server that never answers is a timeout, and nobody waits longer than the house allows", async () => {
  const canary = await startCanary(() => undefined);
  const fetcher = newFetcher({ ...LOCAL, limits: { totalMsMax: 100 } });
  const request = getOf(`http://127.0.0.1:${canary.port}/`, { timeoutMs: milliseconds(60_000) });
  expect(await fetcher.fetch(request, NEVER)).toMatchObject({ ok: false, failure: "timeout" });
});

test("whoever asks can give up, before and while it runs", async () => {
  const stop = new AbortController();
  const canary = await startCanary(() => stop.abort());
  const fetcher = newFetcher(LOCAL);
  const request = getOf(`http://127.0.0.1:${canary.port}/`);
  expect(await fetcher.fetch(request, stop.signal)).toMatchObject({ ok: false, failure: "aborted" });
  expect(await fetcher.fetch(request, stop.signal)).toMatchObject({ ok: false, failure: "aborted" });
  expect(canary.connections()).toBe(1);
});

test("a closed port and a broken answer are failures to connect, told without the URL", async () => {
  const canary = await startCanary((_, response) => response.socket?.end("nonsense\r\n\r\n"));
  const fetcher = newFetcher(LOCAL);
  const broken = await fetcher.fetch(getOf(`http://127.0.0.1:${canary.port}/?to=12125550123`), NEVER);
  const closed = await fetcher.fetch(getOf("http://127.0.0.1:1/?to=12125550123"), NEVER);
  expect([broken, closed]).toMatchObject([
    { failure: "connection-failed" },
    { failure: "connection-failed" },
  ]);
  expect(JSON.stringify([broken, closed])).not.toContain("12125550123");
});

test("five redirects are followed, the sixth is one too many", async () => {
  const canary = await startCanary((request, response) => {
    const left = Number(request.url?.slice(1));
    if (left === 0) response.end("there");
    else response.writeHead(302, { location: `/${left - 1}` }).end();
  });
  const fetcher = newFetcher(LOCAL);
  const five = await fetcher.fetch(getOf(`http://127.0.0.1:${canary.port}/5`), NEVER);
  expect(five).toMatchObject({ ok: true, status: 200, url: `http://127.0.0.1:${canary.port}/0` });
  const six = await fetcher.fetch(getOf(`http://127.0.0.1:${canary.port}/6`), NEVER);
  expect(six).toMatchObject({ ok: false, failure: "too-many-redirects" });
});

test.each([
  [301, "GET"],
  [302, "GET"],
  [303, "GET"],
  [307, "POST"],
  [308, "POST"],
])("after %i a POST goes on as %s", async (status, method) => {
  const methods: (string | undefined)[] = [];
  const canary = await startCanary((request, response) => {
    methods.push(request.method);
    if (request.url === "/") response.writeHead(status, { location: "/next" }).end();
    else response.end();
  });
  const body = { contentType: "text/plain", bytes: Buffer.from("x") };
  const request = getOf(`http://127.0.0.1:${canary.port}/`, { method: "POST", purpose: "submit", body });
  expect(await newFetcher(LOCAL).fetch(request, NEVER)).toMatchObject({ ok: true });
  expect(methods).toEqual(["POST", method]);
});

test("another origin learns no cookie, no authorization and no header of the caller's own", async () => {
  const other = await startCanary((_, response) => response.end());
  const first = await startCanary((request, response) => {
    const next = request.url === "/" ? "/same" : `http://127.0.0.1:${other.port}/`;
    response.writeHead(307, { location: next }).end();
  });
  const headers = { Cookie: "session=1", Authorization: "Bearer x", "X-Signature": "y", Accept: "text/xml" };
  await newFetcher(LOCAL).fetch(getOf(`http://127.0.0.1:${first.port}/`, { headers }), NEVER);
  expect(first.requests[1]?.headers).toMatchObject({ cookie: "session=1", authorization: "Bearer x" });
  const seen = other.requests[0]?.headers ?? {};
  expect(seen.accept).toBe("text/xml");
  expect([seen.cookie, seen.authorization, seen["x-signature"]]).toEqual([undefined, undefined, undefined]);
});

test("a webhook's redirect is its answer", async () => {
  const canary = await startCanary((_, response) => response.writeHead(302, { location: "/next" }).end());
  const request = getOf(`http://127.0.0.1:${canary.port}/`, { purpose: "webhook" });
  expect(await newFetcher(LOCAL).fetch(request, NEVER)).toMatchObject({ ok: true, status: 302 });
  expect(canary.requests.length).toBe(1);
});

test("one Sender has eight fetches at once; another's goes through meanwhile; too many waiting are refused", async () => {
  const eight = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  let inside = 0;
  let insideMost = 0;
  const canary = await startCanary(async (request, response) => {
    if (request.url === "/slow") {
      inside += 1;
      insideMost = Math.max(insideMost, inside);
      if (inside === 8) eight.resolve();
      await opened.promise;
      inside -= 1;
    }
    response.end();
  });
  const fetcher = newFetcher({ ...LOCAL, limits: { waitingPerSenderMax: 4 } });
  const get = (path: string, sender: string) =>
    fetcher.fetch(getOf(`http://127.0.0.1:${canary.port}/${path}`, { sender: parseSenderId(sender) }), NEVER);
  const twelve = Array.from({ length: 12 }, () => get("slow", "acme"));
  await eight.promise;
  expect(await get("slow", "acme")).toMatchObject({
    ok: false,
    detail: expect.stringContaining("wait already"),
  });
  expect(await get("other", "other")).toMatchObject({ ok: true });
  opened.resolve();
  expect((await Promise.all(twelve)).every(({ ok }) => ok)).toBe(true);
  expect(insideMost).toBe(8);
});
