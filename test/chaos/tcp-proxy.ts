/** Stands between clients and a server on this machine, and lets the network be as bad as it can be. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/**
 * "pass": as if it were not there. "delay": everything comes later. "silence": connections stay open and nothing
 * comes through (half-open, or a network that is cut). "deaf": answers are swallowed, requests arrive. "refuse":
 * every connection is reset, new ones too.
 */
export type ProxyMode =
  | { readonly is: "pass" }
  | { readonly is: "delay"; readonly ms: number }
  | { readonly is: "silence" }
  | { readonly is: "deaf" }
  | { readonly is: "refuse" };

export type TcpProxy = {
  readonly port: number;
  /** Where new connections go; none is taken before it is known. */
  forwardTo(port: number): void;
  set(mode: ProxyMode): void;
  close(): Promise<void>;
};

async function writeAfter(these: readonly unknown[], to: Socket, bytes: Buffer): Promise<void> {
  await Promise.all(these);
  if (!to.destroyed) to.write(bytes);
}

export async function startTcpProxy(): Promise<TcpProxy> {
  const pairs = new Set<{ readonly client: Socket; readonly server: Socket }>();
  let target: number | null = null;
  let mode: ProxyMode = { is: "pass" };

  function pass(from: Socket, to: Socket, isAnswer: boolean): void {
    // One after the other, or a delay that ends would let later bytes overtake earlier ones.
    let earlier: Promise<unknown> = Promise.resolve();
    from.on("data", (bytes) => {
      if (mode.is === "silence" || (mode.is === "deaf" && isAnswer)) return hold(from, to);
      earlier = writeAfter([earlier, mode.is === "delay" ? pause(mode.ms) : null], to, bytes);
    });
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }

  /** What was swallowed can't be made up for: like a lost connection, it ends when the network is well again. */
  function hold(from: Socket, to: Socket): void {
    spoilt.add(from);
    spoilt.add(to);
  }
  const spoilt = new Set<Socket>();

  const server = createServer((client) => {
    if (mode.is === "refuse" || target === null) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(target, "127.0.0.1");
    const pair = { client, server: upstream };
    pairs.add(pair);
    client.once("close", () => pairs.delete(pair));
    pass(client, upstream, false);
    pass(upstream, client, true);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    port: (server.address() as AddressInfo).port,
    forwardTo(port) {
      target = port;
    },
    set(next) {
      mode = next;
      if (next.is === "refuse") for (const { client } of pairs) client.resetAndDestroy();
      if (next.is !== "pass") return;
      for (const socket of spoilt) socket.destroy();
      spoilt.clear();
    },
    async close() {
      for (const pair of pairs) {
        pair.client.destroy();
        pair.server.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
