import { createSocket, type Socket } from "node:dgram";
import { familyOf } from "./peer-book.ts";
import type { SipAddress } from "./signalling.ts";

/** What the kernel is asked for; it gives at most net.core.rmem_max and wmem_max (sysctl). */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

export type DatagramSocket = {
  readonly local: SipAddress;
  send(datagram: Buffer, to: SipAddress): Promise<void>;
  close(): Promise<void>;
};

/** Throws with what to do when the address can't be had. `onError`: of the open socket; it goes on. */
export async function openDatagramSocket(
  address: SipAddress,
  onDatagram: (datagram: Buffer, source: SipAddress) => void,
  onError: (error: Error) => void,
): Promise<DatagramSocket> {
  const type = familyOf(address.host) === "ipv6" ? "udp6" : "udp4";
  const socket = createSocket({
    type,
    recvBufferSize: SOCKET_BUFFER_BYTES,
    sendBufferSize: SOCKET_BUFFER_BYTES,
    // Addresses are literal: the default look-up would defer every send by a turn of the loop.
    lookup: (host, _options, done) => done(null, host, type === "udp6" ? 6 : 4),
  });
  await bind(socket, address);
  socket.on("error", onError);
  socket.on("message", (datagram, source) =>
    onDatagram(datagram, { host: source.address, port: source.port }),
  );
  const bound = socket.address();
  return {
    local: { host: bound.address, port: bound.port },
    send: (datagram, to) =>
      new Promise((resolve, reject) => {
        socket.send(datagram, to.port, to.host, (error) => (error ? reject(error) : resolve()));
      }),
    close: () =>
      new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
}

async function bind(socket: Socket, { host, port }: SipAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("error", reject);
  socket.bind({ address: host, port, exclusive: true }, resolve);
  try {
    await promise;
  } catch (cause) {
    socket.close();
    throw new Error(
      `sip: UDP ${host}:${port} cannot be bound; give an address of this machine and a port that nothing else has`,
      { cause },
    );
  }
  socket.removeListener("error", reject);
}
