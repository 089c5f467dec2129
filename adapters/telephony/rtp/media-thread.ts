/**
 * The media of a whole telephony server, in one thread of its own, so that a busy main thread does not chop anybody's
 * prompt: a main thread blocked 40 ms in every 200 shifted packets by 42 ms when media shared it, by 9 ms from here.
 */
import { randomBytes } from "node:crypto";
import { SocketAddress } from "node:net";
import type { MessagePort } from "node:worker_threads";
import type { MediaAgreement } from "../media-plane.ts";
import { createLateness } from "./lateness.ts";
import { createMediaChannel, type MediaChannel } from "./media-channel.ts";
import { MEDIA_COUNTERS, type MediaCounter } from "./media-counters.ts";
import { bindMediaSockets, createMediaPath, type MediaPath } from "./media-sockets.ts";
import { createPortPool, type PortPool } from "./port-pool.ts";
import {
  type FrameOf,
  type FromThread,
  sharedNow,
  type ThreadSetup,
  type ToThread,
} from "./thread-messages.ts";
import { createWheel } from "./wheel.ts";

type Line = { readonly channel: MediaChannel; readonly path: MediaPath; readonly port: number };
type LineOrder = Exclude<ToThread, { type: "open" | "close" | "shut-down" }>;
type Opening = Extract<ToThread, { type: "open" }>;

export function runMediaThread(parent: MessagePort, { portRange, figures }: ThreadSetup): void {
  const lines = new Map<number, Line>();
  const pool = portRange.last === 0 ? systemPorts : createPortPool(portRange, Math.random);
  let frames: FrameOf[] = [];
  let timer: NodeJS.Timeout | null = null;

  const lateness = createLateness((p99Ms) => {
    figures[0] = p99Ms;
  });
  const wheel = createWheel({
    now: sharedNow,
    onTurn: (lateMs, members) => {
      // An idle turn counts as one packet: a blocked thread shows before the first call pays for it.
      lateness.record(lateMs, Math.max(1, members), sharedNow());
    },
  });

  function tell(message: FromThread): void {
    parent.postMessage(message, []);
  }

  function count(what: MediaCounter, times = 1): void {
    const word = 1 + MEDIA_COUNTERS.indexOf(what);
    figures[word] = (figures[word] ?? 0) + times;
  }

  function tick(): void {
    timer = null;
    const waitMs = wheel.advance();
    if (frames.length > 0) {
      tell({ type: "frames", frames });
      frames = [];
    }
    if (waitMs !== null) timer = setTimeout(tick, Math.max(0, waitMs));
  }

  function createLine({ session, stats }: Opening, path: MediaPath, port: number): Line {
    const channel = createMediaChannel({
      stats,
      // RFC 7022 4.2: a name that tells nothing about whoever sends it.
      cname: randomBytes(12).toString("base64"),
      now: sharedNow,
      wallNow: Date.now,
      random32: () => randomBytes(4).readUInt32BE(),
      draw: Math.random,
      count,
      sendRtp: (packet) => path.sendRtp(packet),
      sendRtcp: (packet) => path.sendRtcp(packet),
      onDigit: (digit, atMs) => tell({ type: "digit", session, digit, atMs }),
      onFrame: ({ samples, concealed }) => {
        frames.push({ session, samples: samples.slice(), concealed });
      },
      onTimeout: () => tell({ type: "timed-out", session }),
      wheel,
    });
    return { channel, path, port };
  }

  async function open(opening: Opening): Promise<void> {
    const sockets = await bindMediaSockets({
      address: opening.address,
      take: () => pool.take(sharedNow()),
      giveBack: (port) => pool.give(port, sharedNow()),
      onError: () => count("socket-error"),
    });
    const line = createLine(opening, createMediaPath(sockets), sockets.port);
    sockets.rtp.on("message", (packet, source) => line.channel.receiveRtp(packet, source));
    sockets.rtcp.on("message", (packet, source) => line.channel.receiveRtcp(packet, source));
    lines.set(opening.session, line);
    tell({ type: "opened", session: opening.session, port: sockets.port });
  }

  function notOpened(session: number, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const retryable = error instanceof Error && "retryable" in error && error.retryable === true;
    tell({ type: "not-opened", session, message, retryable });
  }

  function connect({ channel, path }: Line, wanted: MediaAgreement): void {
    const agreement = { ...wanted, remoteAddress: plainAddress(wanted.remoteAddress) };
    // Hold by 0.0.0.0 (RFC 2543) names no place: the system would take it for this machine.
    if (!UNSPECIFIED.has(agreement.remoteAddress)) {
      path.move({
        address: agreement.remoteAddress,
        port: agreement.remotePort,
        anyPort: agreement.sourceCheck === "any-port",
      });
    }
    channel.connect(agreement);
    wheel.join(channel);
    timer ??= setTimeout(tick, 0);
  }

  async function close(session: number): Promise<void> {
    const line = lines.get(session);
    if (line !== undefined) {
      lines.delete(session);
      wheel.leave(line.channel);
      line.channel.close();
      await line.path.close();
      pool.give(line.port, sharedNow());
    }
    tell({ type: "closed", session });
  }

  async function shutDown(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    await Promise.all([...lines.keys()].map(close));
    parent.close();
  }

  /** What one call cannot do must not end the thread that all calls share: it ends that call. */
  function obey(order: LineOrder): void {
    try {
      toLine(order);
    } catch {
      count("bad-order");
      tell({ type: "timed-out", session: order.session });
    }
  }

  function toLine(message: LineOrder): void {
    const line = lines.get(message.session);
    if (line === undefined) return;
    const { session } = message;
    const { sending } = line.channel;
    switch (message.type) {
      case "connect":
        return connect(line, message.agreement);
      case "play": {
        const { play, clips, stopOnDigit } = message;
        return line.channel.play({
          clips,
          stopOnDigit,
          onEnd: (end) => tell({ type: "played", session, play, end }),
        });
      }
      case "stop":
        return sending.stop(message.why);
      case "press": {
        const { press, keys } = message;
        const fits = sending.press(keys, () => tell({ type: "pressed", session, press, fits: true }));
        if (!fits) tell({ type: "pressed", session, press, fits: false });
        return;
      }
      case "hear-digit":
        return line.channel.hearDigit(message.digit);
      case "listen":
        return line.channel.listen(message.on);
    }
  }

  parent.on("message", (message: ToThread) => {
    if (message.type === "open") open(message).catch((error: unknown) => notOpened(message.session, error));
    else if (message.type === "close") void close(message.session);
    else if (message.type === "shut-down") void shutDown();
    else obey(message);
  });
}

const UNSPECIFIED: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

const systemPorts: Pick<PortPool, "take" | "give"> = {
  take: () => 0,
  give: () => undefined,
};

/** As the kernel writes it: `0:0:0:0:0:0:0:1` in an SDP must equal the `::1` that packets come from. */
function plainAddress(address: string): string {
  const family = address.includes(":") ? "ipv6" : "ipv4";
  return new SocketAddress({ address, family }).address;
}
