import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Health, type HealthServer, startHealthServer } from "../../../adapters/health/health-server.ts";

let server: HealthServer;
let health: Health = { status: "starting" };
afterEach(() => server.close());

async function start(): Promise<string> {
  server = await startHealthServer({ host: "127.0.0.1", port: 0 }, () => health);
  return `http://127.0.0.1:${server.port}`;
}

test.each([
  ["starting", 503],
  ["ready", 200],
  ["stopping", 503],
] as const)("a process that is %s answers %i, and says so", async (status, code) => {
  health = { status, role: "dispatcher", for: "the brokers" };
  const answer = await fetch(`${await start()}/healthz`);
  expect(answer.status).toBe(code);
  expect(await answer.json()).toEqual(health);
});

test("a probe may ask for the head alone; nothing else is answered there", async () => {
  health = { status: "ready" };
  const url = await start();
  expect((await fetch(`${url}/healthz`, { method: "HEAD" })).status).toBe(200);
  expect((await fetch(`${url}/healthz`, { method: "POST", body: "x" })).status).toBe(405);
  expect((await fetch(`${url}/`)).status).toBe(404);
});

test("whoever connects and says nothing keeps nobody from stopping", async () => {
  await start();
  const silent = connect(server.port, "127.0.0.1");
  const gone = new Promise((resolve) => silent.once("close", resolve));
  await new Promise((resolve) => silent.once("connect", resolve));
  await server.close();
  await gone;
});

test("an address that is taken is told at start", async () => {
  await start();
  await expect(startHealthServer({ host: "127.0.0.1", port: server.port }, () => health)).rejects.toThrow(
    "EADDRINUSE",
  );
});
