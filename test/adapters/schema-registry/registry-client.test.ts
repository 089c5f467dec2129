/** The client against a server that answers whatever a registry, a proxy or a broken network may answer. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import {
  ANSWER_BYTES_MAX,
  createRegistryClient,
  RegistryRefusalError,
  RegistryUnavailableError,
} from "../../../adapters/schema-registry/registry-client.ts";

const servers: ReturnType<typeof createServer>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

type Asked = { readonly method: string; readonly path: string; readonly authorization: string | undefined };

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly url: string; readonly port: number; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const { method = "", url: path = "", headers } = request;
    asked.push({ method, path, authorization: headers.authorization });
    answer(request, response);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/apis/ccompat/v7`, port, asked };
}

function json(status: number, body: object): (request: IncomingMessage, response: ServerResponse) => void {
  return (_, response) => response.writeHead(status).end(JSON.stringify(body));
}

const client = (url: string, token: string | null = null, timeoutMs = 2_000) =>
  createRegistryClient({ url, token, timeoutMs });

describe("who asks", () => {
  test("logs in with the user of the URL, whose login stands in no message", async () => {
    const { port, asked } = await serve(json(403, { message: "no" }));
    const named = client(`http://reveille:p%40ss@127.0.0.1:${port}/`);
    const refused = await named.lookUp("s", "{}").catch((error: unknown) => error);
    expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from("reveille:p@ss").toString("base64")}`);
    expect(String(refused)).not.toContain("p%40ss");
    expect(String(refused)).not.toContain("p@ss");
    expect(named.name).toBe(`http://127.0.0.1:${port}`);
  });

  test("shows a bearer token where there is one, and nothing where there is neither", async () => {
    const { url, asked } = await serve(json(200, { id: 1 }));
    await client(url, "t0ken").lookUp("s", "{}");
    await client(url).lookUp("s", "{}");
    expect(asked.map(({ authorization }) => authorization)).toEqual(["Bearer t0ken", undefined]);
  });

  test("asks for a subject by its whole name, whatever stands in it", async () => {
    const { url, asked } = await serve(json(200, { id: 1 }));
    await client(url).lookUp("a/b c-d", "{}");
    expect(asked[0]).toMatchObject({ method: "POST", path: "/apis/ccompat/v7/subjects/a%2Fb%20c-d" });
  });
});

describe("what may be tried again", () => {
  test.each([500, 502, 503, 429, 408])("an answer of %i", async (status) => {
    const { url } = await serve(json(status, { message: "later" }));
    await expect(client(url).register("s", "{}")).rejects.toThrow(RegistryUnavailableError);
  });

  test("no answer in time", async () => {
    const { url } = await serve(() => undefined);
    await expect(client(url, null, 50).schemaOf(1)).rejects.toThrow(/no answer within 50 ms/);
  });

  test("nobody there", async () => {
    const { url } = await serve(json(200, {}));
    const [server] = servers.splice(0);
    await new Promise((resolve) => server?.close(resolve));
    await expect(client(url).schemaOf(1)).rejects.toThrow(RegistryUnavailableError);
  });

  test("an answer without an end", async () => {
    const { url } = await serve((_, response) => void response.end("x".repeat(ANSWER_BYTES_MAX + 1)));
    await expect(client(url).schemaOf(1)).rejects.toThrow(RegistryUnavailableError);
  });
});

describe("what an operator has to mend", () => {
  test.each([
    [401, { message: "log in" }],
    [409, { message: "incompatible" }],
    [422, {}],
    [200, { id: "seven" }],
    [301, {}],
  ])("an answer of %i with %o", async (status, body) => {
    const { url } = await serve(json(status, body));
    await expect(client(url).register("s", "{}")).rejects.toThrow(RegistryRefusalError);
  });

  test("a page that is no registry's answer", async () => {
    const { url } = await serve((_, response) => void response.end("<html>welcome</html>"));
    await expect(client(url).schemaOf(1)).rejects.toThrow(RegistryRefusalError);
    await expect(client(url).accepts("s", "{}")).rejects.toThrow(RegistryRefusalError);
  });
});

test("what the registry does not know is null, not a failure", async () => {
  const { url } = await serve(json(404, { error_code: 40403 }));
  expect(await client(url).schemaOf(7)).toBeNull();
  expect(await client(url).lookUp("s", "{}")).toBeNull();
  expect(await client(url).accepts("s", "{}")).toBe(true);
});

test("two processes that set the compatibility of a subject at once both succeed", async () => {
  const { url } = await serve((request, response) => {
    if (request.method === "PUT") json(409, { message: "already exists" })(request, response);
    else json(200, { compatibilityLevel: "FULL_TRANSITIVE" })(request, response);
  });
  await expect(client(url).keepCompatible("s")).resolves.toBeUndefined();
});

test("a compatibility that can't be set is a refusal", async () => {
  const { url } = await serve((request, response) => {
    if (request.method === "PUT") json(403, { message: "read only" })(request, response);
    else json(200, { compatibilityLevel: "NONE" })(request, response);
  });
  await expect(client(url).keepCompatible("s")).rejects.toThrow(/403: read only/);
});
