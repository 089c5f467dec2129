import { createServer as createTcpServer } from "node:net";
import { request } from "undici";
import { expect, onTestFinished, test } from "vitest";
import { createEgressPolicy, EgressBlockedError } from "../../../adapters/fetch/egress-policy.ts";
import { blockedBy, createGuardedAgent } from "../../../adapters/fetch/guarded-agent.ts";
import { parseSenderId } from "../../../domain/kernel/identifiers.ts";
import { startCanary } from "./canary.ts";

// The guard has three walls, so that a mistake in one opens nothing; each is tested alone.
const SETTINGS = {
  trustedCertificates: [],
  connectMsMax: 1_000,
  headersMsMax: 1_000,
  silenceMsMax: 1_000,
  responseBytesMax: 1_000,
};

function agentOf(mayReach: (address: string) => boolean) {
  const policy = createEgressPolicy({ allowLoopback: false, mayReach });
  const agent = createGuardedAgent(policy, () => Promise.resolve(["127.0.0.1"]), SETTINGS);
  onTestFinished(() => agent.destroy());
  return agent;
}

async function refusal(promise: Promise<unknown>): Promise<EgressBlockedError | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    return blockedBy(error);
  }
}

test.each([
  "https://127.0.0.1/",
  "https://0x7f.1/",
  "https://[::1]/",
  "https://[::ffff:a00:1]/",
  "https://169.254.169.254/",
])("the first wall: %s is refused as a URL", (text) => {
  const policy = createEgressPolicy({ allowLoopback: false });
  const url = policy.urlOf(text, null);
  expect(url === null ? null : () => policy.requireAllowed(url, parseSenderId("acme"))).toThrow(
    EgressBlockedError,
  );
});

test("the second wall: no connection is made to an address literal, nor to a name's address, that is not public", async () => {
  const canary = await startCanary((_, response) => response.end());
  const dispatcher = agentOf(() => false);
  const [literal, name] = await Promise.all([
    refusal(request(`http://127.0.0.1:${canary.port}/`, { dispatcher })),
    refusal(request(`http://evil.example:${canary.port}/`, { dispatcher })),
  ]);
  expect([literal, name].every((error) => error instanceof EgressBlockedError)).toBe(true);
  expect(canary.connections()).toBe(0);
});

test("the third wall: a connection that ended up elsewhere is cut before a byte is sent", async () => {
  const heard: Buffer[] = [];
  const closed = Promise.withResolvers<void>();
  const server = createTcpServer((socket) => {
    socket.on("data", (piece: Buffer) => heard.push(piece));
    socket.on("error", () => undefined);
    socket.on("close", () => closed.resolve());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  // Says yes before the connection and no to what the connection says of itself.
  let asked = 0;
  const dispatcher = agentOf(() => {
    asked += 1;
    return asked === 1;
  });
  const error = await refusal(request(`http://evil.example:${port}/`, { dispatcher }));
  expect(error).toBeInstanceOf(EgressBlockedError);
  await closed.promise;
  expect(heard).toEqual([]);
});
