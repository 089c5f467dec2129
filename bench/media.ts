/**
 * What the media thread costs: N calls, each playing a prompt to an echo in another process and hearing it come back.
 * Prints one JSON line: how far apart packets arrived from the 20 ms they should be (measured by the peer, so its own
 * scheduling is included: an upper bound), the share of a core (main thread and media thread together), and
 * what an idle port takes. The echo is the floor: it receives and sends the same packets and does nothing else. `node bench/media.ts [calls ...]`; without arguments 200 and 672.
 */
import { type ChildProcess, fork } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { MediaSession } from "../adapters/telephony/media-plane.ts";
import { createMediaPlane } from "../adapters/telephony/rtp/threaded-media-plane.ts";
import { type BenchResult, printBench } from "./bench-line.ts";

const HOST = "127.0.0.1";
const WARM_UP_MS = 1_000;
const MEASURED_MS = 5_000;
const BUCKET_MS = 0.1;
const BUCKETS = 2_000;
const CALLS_MAX = 1_344;

type PeerMessage =
  | { readonly type: "ports"; readonly ports: readonly number[] }
  | { readonly type: "gaps"; readonly counts: readonly number[]; readonly cpuMs: number };

/** Eight seconds in shared memory, as a prompt cache would hold them. */
const PROMPT = { samples: new Int16Array(new SharedArrayBuffer(8 * 16_000)) };
for (const n of PROMPT.samples.keys()) PROMPT.samples[n] = 6_000 * Math.sin(n / 3) * Math.sin(n / 900);

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

if (process.argv[2] === "peer") await runPeer(Number(process.argv[3]));
else await runBench(process.argv.slice(2).map(Number));

async function runBench(wanted: readonly number[]): Promise<void> {
  const runs: Run[] = [];
  for (const calls of wanted.length === 0 ? [200, 672] : wanted) {
    if (!(calls >= 1 && calls <= CALLS_MAX)) throw new RangeError(`bench: give 1 to ${CALLS_MAX} calls`);
    runs.push(await measure(calls));
  }
  printBench(resultOf(runs));
}

/** Of the largest run; of the others what they cost. */
function resultOf(runs: readonly Run[]): BenchResult {
  const last = runs.at(-1);
  if (last === undefined) throw new RangeError("bench: nothing was measured");
  const others = runs.slice(0, -1).flatMap((run) => [
    [`gapDeviationP99MsAt${run["calls"]}`, run["gapDeviationP99Ms"] ?? Number.NaN],
    [`cpuPercentAt${run["calls"]}`, run["cpuPercentOfACore"] ?? Number.NaN],
  ]);
  return {
    name: "media",
    figures: { ...last, ...Object.fromEntries(others) },
    ratio: (last["peerCpuPercent"] ?? 0) / (last["cpuPercentOfACore"] ?? Number.NaN),
    against: "CPU of the peer, which only echoes every packet / CPU of the media plane",
    goals: [
      { figure: "ratio", atLeast: 0.5 },
      { figure: "gapDeviationP99Ms", atMost: 10 },
    ],
    command: "node bench/media.ts",
  };
}

type Run = Readonly<Record<string, number>>;

async function measure(calls: number): Promise<Run> {
  const peer = fork(fileURLToPath(import.meta.url), ["peer", String(calls)]);
  const { ports } = await message(peer, "ports");
  const plane = createMediaPlane({ portRange: { first: 0, last: 0 }, log });
  const first = await plane.open(HOST);
  const before = process.memoryUsage().rss;
  const sessions = await Promise.all(Array.from({ length: calls }, () => plane.open(HOST)));
  const idleBytes = (process.memoryUsage().rss - before) / calls;
  for (const [index, session] of sessions.entries()) begin(session, ports[index] ?? 0);

  await pause(WARM_UP_MS);
  peer.send("start");
  const cpuBefore = process.cpuUsage();
  await pause(MEASURED_MS);
  const cpu = process.cpuUsage(cpuBefore);
  const lateP99Ms = plane.latenessMs();
  peer.send("report");
  const { counts, cpuMs } = await message(peer, "gaps");
  const quality = sessions.map((session) => session.quality());
  await first.close();
  await plane.close();
  peer.disconnect();
  await once(peer, "exit");
  const sum = (pick: (one: (typeof quality)[number]) => number): number =>
    quality.reduce((total, one) => total + pick(one), 0);
  return {
    calls,
    gapDeviationP50Ms: percentile(counts, 0.5),
    gapDeviationP99Ms: percentile(counts, 0.99),
    gapDeviationP999Ms: percentile(counts, 0.999),
    latenessP99Ms: lateP99Ms,
    cpuPercentOfACore: round((cpu.user + cpu.system) / 10 / MEASURED_MS),
    peerCpuPercent: round((cpuMs * 100) / MEASURED_MS),
    idlePortKiB: round(idleBytes / 1_024),
    concealedPercent: round((100 * sum(({ concealed }) => concealed)) / sum(({ received }) => received)),
    ...dropped(plane.counters()),
  };
}

/** Counters that are not zero, apart from the first packet of each call. */
function dropped(counters: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counters].filter(([name, count]) => count > 0 && name !== "probation"));
}

function begin(session: MediaSession, remotePort: number): void {
  session.connect({
    remoteAddress: HOST,
    remotePort,
    codec: "PCMU",
    payloadType: 0,
    sendEventsAs: 101,
    receiveEventsAs: 101,
    sourceCheck: "strict",
    sending: true,
  });
  session.play([PROMPT, PROMPT], { stopOnDigit: true });
}

async function runPeer(calls: number): Promise<void> {
  const counts = Array<number>(BUCKETS).fill(0);
  let measuring = false;
  let cpu = process.cpuUsage();
  const ports = await Promise.all(
    Array.from({ length: calls }, async () => {
      const socket = createSocket({ type: "udp4", lookup: (host, _options, done) => done(null, host, 4) });
      let lastMs = 0;
      socket.on("message", (packet, { port }) => {
        const nowMs = performance.now();
        if (measuring && lastMs > 0) {
          const bucket = Math.min(BUCKETS - 1, Math.floor(Math.abs(nowMs - lastMs - 20) / BUCKET_MS));
          counts[bucket] = (counts[bucket] ?? 0) + 1;
        }
        lastMs = nowMs;
        socket.send(packet, port, HOST);
      });
      socket.on("error", () => undefined);
      // The look-up answers at once, so the socket may be listening before bind returns.
      const listening = once(socket, "listening");
      socket.bind(0, HOST);
      await listening;
      return socket.address().port;
    }),
  );
  process.on("message", (what) => {
    measuring = what === "start";
    if (measuring) {
      cpu = process.cpuUsage();
      return;
    }
    const { user, system } = process.cpuUsage(cpu);
    process.send?.({ type: "gaps", counts, cpuMs: (user + system) / 1_000 } satisfies PeerMessage);
  });
  process.on("disconnect", () => process.exit(0));
  process.send?.({ type: "ports", ports } satisfies PeerMessage);
}

async function message<Type extends PeerMessage["type"]>(
  peer: ChildProcess,
  type: Type,
): Promise<Extract<PeerMessage, { type: Type }>> {
  const [told] = await once(peer, "message");
  if (told?.type !== type) throw new Error(`bench: the peer said ${told?.type}, not ${type}`);
  return told;
}

function percentile(counts: readonly number[], share: number): number {
  let left = counts.reduce((sum, count) => sum + count, 0) * share;
  for (const [bucket, count] of counts.entries()) {
    left -= count;
    if (left <= 0) return round((bucket + 1) * BUCKET_MS);
  }
  return Number.POSITIVE_INFINITY;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

async function pause(milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, milliseconds);
  await promise;
}
