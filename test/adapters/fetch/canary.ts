import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { createFetcher, type FetcherOptions } from "../../../adapters/fetch/fetcher.ts";
import { parseSenderId } from "../../../domain/kernel/identifiers.ts";
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { Fetcher, FetchRequest } from "../../../domain/ports/fetcher.ts";

export type Canary = {
  readonly port: number;
  /** Connections so far, whatever was sent on them. */
  readonly connections: () => number;
  readonly requests: readonly { readonly url: string; readonly headers: IncomingMessage["headers"] }[];
};

/** A server that counts who gets through to it. */
export async function startCanary(
  handle: (request: IncomingMessage, response: ServerResponse) => unknown,
  address = "127.0.0.1",
): Promise<Canary> {
  let connections = 0;
  const requests: { url: string; headers: IncomingMessage["headers"] }[] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? "", headers: request.headers });
    handle(request, response);
  });
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: portOf(server.address()), connections: () => connections, requests };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("the canary has no port");
  return address.port;
}

/** A fetcher that is closed when the test is over. */
export function newFetcher(options: Partial<FetcherOptions>): Fetcher {
  const fetcher = createFetcher({ allowLoopback: false, userAgent: "reveille/test", ...options });
  onTestFinished(() => fetcher.close());
  return fetcher;
}

export function getOf(url: string, more: Partial<FetchRequest> = {}): FetchRequest {
  return {
    purpose: "document",
    url,
    method: "GET",
    body: null,
    headers: {},
    sender: parseSenderId("acme"),
    timeoutMs: milliseconds(10_000),
    ...more,
  };
}

export const NEVER: AbortSignal = new AbortController().signal;
