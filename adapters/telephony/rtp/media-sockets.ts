import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";

/** RTP on an even port, RTCP on the next. Both have an error listener: a connected socket raises what ICMP says. */
export type MediaSockets = { readonly port: number; readonly rtp: Socket; readonly rtcp: Socket };

/** How often another port is tried when one turns out to be another program's. */
const TRIES_MAX = 32;

/** `retryable`: a port may be free later. */
export class MediaOpenError extends Error {
  override readonly name = "MediaOpenError";
  readonly retryable: boolean;
  constructor(message: string, options: { readonly retryable: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
  }
}

export type Binding = {
  /** A literal address. */
  readonly address: string;
  /** The port to try next, 0 for any; null when there is none left. */
  readonly take: () => number | null;
  readonly giveBack: (port: number) => void;
  readonly onError: () => void;
};

/** Throws `MediaOpenError`. */
export async function bindMediaSockets(binding: Binding): Promise<MediaSockets> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const wanted = binding.take();
    if (wanted === null) break;
    const bound = await bindPair(binding, wanted);
    if (bound !== null) return bound;
    binding.giveBack(wanted);
  }
  throw new MediaOpenError(
    `media: no free pair of RTP ports on ${binding.address}; widen the RTP port range or take fewer calls`,
    { retryable: true },
  );
}

/** Null when either port is taken. */
async function bindPair(binding: Binding, wanted: number): Promise<MediaSockets | null> {
  const port = wanted === 0 ? await findEvenPort(binding) : wanted;
  const rtp = await bindSocket(binding, port);
  if (rtp === null) return null;
  let rtcp: Socket | null = null;
  try {
    rtcp = await bindSocket(binding, port + 1);
  } finally {
    if (rtcp === null) await closeSocket(rtp);
  }
  return rtcp === null ? null : { port, rtp, rtcp };
}

// The system's choice is asked for, given back, and bound by its number: Linux lets go of a port that it chose itself
// when the socket is disconnected, and a call that moves (re-INVITE) would sit on another port than its SDP says.
async function findEvenPort(binding: Binding): Promise<number> {
  const probe = await bindSocket(binding, 0);
  if (probe === null) return 0;
  const { port } = probe.address();
  await closeSocket(probe);
  return port & ~1;
}

async function bindSocket({ address, onError }: Binding, port: number): Promise<Socket | null> {
  const socket = createSocket({ type: isIPv6(address) ? "udp6" : "udp4", lookup: literalLookup });
  const { promise, resolve, reject } = Promise.withResolvers<Socket | null>();
  const refuse = (error: NodeJS.ErrnoException): void => {
    socket.close();
    if (error.code === "EADDRINUSE") resolve(null);
    else reject(cannotBind(address, error));
  };
  socket.once("error", refuse);
  socket.bind({ address, port }, () => {
    socket.off("error", refuse);
    socket.on("error", onError);
    resolve(socket);
  });
  return await promise;
}

function cannotBind(address: string, cause: NodeJS.ErrnoException): MediaOpenError {
  return new MediaOpenError(
    `media: cannot bind RTP on ${address} (${cause.code ?? "unknown"}); give an address of this machine, and enough open files`,
    { retryable: cause.code === "EMFILE" || cause.code === "ENOBUFS", cause },
  );
}

type LookupDone = (error: null, address: string, family: number) => void;

// Addresses are literal. The default look-up waits a turn even for those, and the packet's buffer would be reused meanwhile.
function literalLookup(host: string, options: unknown, done: LookupDone): void {
  done(null, host, options === 6 || isIPv6(host) ? 6 : 4);
}

/** Where our packets go, and from where packets come in. */
export interface MediaPath {
  move(to: { readonly address: string; readonly port: number; readonly anyPort: boolean }): void;
  sendRtp(packet: Uint8Array): void;
  sendRtcp(packet: Uint8Array): void;
  close(): Promise<void>;
}

/**
 * A connected socket lets the kernel drop packets of strangers, which costs a fifteenth of dropping them here. Where any
 * port of the peer may send, it stays unconnected.
 */
export function createMediaPath({ rtp, rtcp }: MediaSockets): MediaPath {
  let target: { readonly address: string; readonly port: number } | null = null;
  let connected = false;
  let ready = false;

  return {
    move({ address, port, anyPort }) {
      if (connected) rtp.disconnect();
      target = { address, port };
      connected = !anyPort;
      ready = anyPort;
      if (anyPort) return;
      rtp.connect(port, address, () => {
        ready = true;
      });
    },
    sendRtp(packet) {
      if (target === null || !ready) return;
      if (connected) rtp.send(packet);
      else rtp.send(packet, target.port, target.address);
    },
    sendRtcp(packet) {
      if (target !== null && target.port < 0xffff) rtcp.send(packet, target.port + 1, target.address);
    },
    async close() {
      await Promise.all([closeSocket(rtp), closeSocket(rtcp)]);
    },
  };
}

async function closeSocket(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.close(resolve);
  await promise;
}
