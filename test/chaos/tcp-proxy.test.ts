import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

let server: Server;
let proxy: TcpProxy;
let client: Socket;
/** What the server got. */
let got: string;

beforeEach(async () => {
  got = "";
  server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      got += bytes.toString();
      server.emit("got");
      socket.write(bytes, () => server.emit("answered"));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await startTcpProxy();
  proxy.forwardTo((server.address() as AddressInfo).port);
  client = await connected();
});
afterEach(async () => {
  client.destroy();
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
});

async function connected(): Promise<Socket> {
  const socket = connect(proxy.port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** As many characters of what comes back. */
async function echo(text: string): Promise<string> {
  client.write(text);
  let heard = "";
  while (heard.length < text.length) heard += String((await once(client, "data"))[0]);
  return heard.slice(0, text.length);
}

/** `once` would reject at the reset that comes first. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}

test("what comes late comes in order", async () => {
  expect(await echo("one")).toBe("one");
  proxy.set({ is: "delay", ms: 30 });
  const began = performance.now();
  client.write("two");
  expect(await echo("three")).toBe("twoth");
  // Both ways.
  expect(performance.now() - began).toBeGreaterThan(50);
});

test("a deaf network lets requests through and swallows the answers; well again, it ends such connections", async () => {
  proxy.set({ is: "deaf" });
  const arrived = once(server, "got");
  const swallowed = once(server, "answered");
  client.write("pay 100");
  await Promise.all([arrived, swallowed]);
  const ended = closed(client);
  const quiet = await Promise.race([
    once(client, "data"),
    new Promise((resolve) => setTimeout(resolve, 50, "quiet")),
  ]);
  expect(quiet).toBe("quiet");
  proxy.set({ is: "pass" });
  await ended;
  expect(got).toBe("pay 100");
});

test("a network that refuses resets what there is, and takes nothing new", async () => {
  expect(await echo("one")).toBe("one");
  const ended = closed(client);
  proxy.set({ is: "refuse" });
  await ended;
  const next = connect(proxy.port, "127.0.0.1");
  const refused = new Promise<Error>((resolve) => {
    next.once("error", resolve);
  });
  expect(await refused).toMatchObject({ code: "ECONNRESET" });
});
