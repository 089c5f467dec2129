import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** Of 127.0.0.1, where nobody listens now: for a program that must be told its port beforehand. */
export async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}
