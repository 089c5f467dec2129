/**
 * One small page per process, for whoever starts, watches and ends it: `GET /healthz` answers 200 when the process
 * is ready, 503 with what it waits for before that, and nothing once it hangs, which is the third answer.
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Health = {
  readonly status: "starting" | "ready" | "stopping";
  /** Names, counts and what is waited for; nobody logs in here, so nothing personal and no secret. */
  readonly [fact: string]: unknown;
};

export type HealthServer = {
  readonly port: number;
  close(): Promise<void>;
};

/** A probe sends one short request; whatever keeps a connection longer is none. */
const REQUEST_MS_MAX = 2_000;
const CONNECTIONS_MAX = 20;

/** Listens when it resolves. Rejects where the address is taken. `tell` is asked at every request. */
export async function startHealthServer(
  listen: { readonly host: string; readonly port: number },
  tell: () => Health,
): Promise<HealthServer> {
  const server = createServer({ requestTimeout: REQUEST_MS_MAX, keepAlive: false }, (request, response) => {
    response.setHeader("connection", "close");
    if (request.url !== "/healthz") return answer(response, 404, { status: "not here; ask for /healthz" });
    if (request.method !== "GET" && request.method !== "HEAD")
      return answer(response, 405, { status: "GET or HEAD only" });
    const health = tell();
    return answer(response, health.status === "ready" ? 200 : 503, health);
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.listen(listen.port, listen.host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, status: number, content: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(content)}\n`);
}
