import { connect } from "node:net";
import { onTestFinished } from "vitest";
import { createHttpGateway, type HttpGatewayOptions } from "../../../adapters/http/gateway.ts";
import { createFakeGatekeeper, type FakeGatekeeper, PASSWORD } from "../../support/fake-gatekeeper.ts";
import { createFakeIntake, type FakeIntake } from "../../support/fake-intake.ts";
import { createFakeOperatorLog, type FakeOperatorLog } from "../../support/fake-operator-log.ts";
import { createFakeQueries, type FakeQueries } from "../../support/fake-queries.ts";

export type HttpHouse = {
  readonly origin: string;
  readonly port: number;
  readonly intake: FakeIntake;
  readonly gatekeeper: FakeGatekeeper;
  readonly queries: FakeQueries;
  readonly log: FakeOperatorLog;
  stop(): Promise<void>;
};

/** A gateway on a free port of this machine with fakes behind it; gone when the test is. */
export async function startHttpHouse(change: Partial<HttpGatewayOptions> = {}): Promise<HttpHouse> {
  const ports = {
    intake: createFakeIntake(),
    gatekeeper: createFakeGatekeeper(),
    queries: createFakeQueries(),
    log: createFakeOperatorLog(),
  };
  const gateway = createHttpGateway({
    ...ports,
    zones: { isZone: (name) => name === "Europe/Paris" },
    listen: { host: "127.0.0.1", port: 0 },
    trustProxy: [],
    ...change,
  });
  const { port } = await gateway.start();
  onTestFinished(() => gateway.stop());
  return { ...ports, port, origin: `http://127.0.0.1:${port}`, stop: () => gateway.stop() };
}

export const BASIC = `Basic ${btoa(`acme:${PASSWORD}`)}`;
export const WAKE_UP = JSON.stringify({
  to: "+12125550123",
  document: { url: "https://hotel.example/wake-up.vxml" },
});

/** A good post, but for what is changed. A header of "" is left out. */
export function post(
  house: HttpHouse,
  body: string | Uint8Array<ArrayBuffer> = WAKE_UP,
  headers: Record<string, string> = {},
  path = "/v1/requests",
): Promise<Response> {
  const all = {
    authorization: BASIC,
    "content-type": "application/json",
    "idempotency-key": '"k1"',
    ...headers,
  };
  const sent = Object.entries(all).filter(([, value]) => value !== "");
  return fetch(`${house.origin}${path}`, { method: "POST", headers: Object.fromEntries(sent), body });
}

export type ProblemBody = {
  type: string;
  status: number;
  detail: string;
  reasonCode: string;
  requestId?: string;
  explain?: string;
  errors?: { pointer: string; code: string; message: string }[];
};

export async function problemOf(response: Response): Promise<ProblemBody> {
  const type = response.headers.get("content-type");
  if (type !== "application/problem+json") throw new Error(`the answer is ${type}, not a problem`);
  // oxlint-disable-next-line no-unsafe-type-assertion -- the tests look at every field they use
  return (await response.json()) as ProblemBody;
}

/** Writes bytes to the gateway and reads until it closes. */
export async function rawExchange(
  port: number,
  text: string,
  encoding: BufferEncoding = "utf8",
): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.write(Buffer.from(text, encoding));
  const { promise, resolve } = Promise.withResolvers<void>();
  // A reset is one way to be told off; what came before it counts.
  socket.on("error", () => resolve());
  socket.on("close", () => resolve());
  await promise;
  return Buffer.concat(chunks).toString("utf8");
}
