/**
 * CPU per call, set up and ended, of our calling side against SIPp's own, both calling the same SIPp callee in
 * one run. Prints one JSON line. Usage: node bench/sip-cpu.ts [calls] [calls per second]
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemClock } from "../adapters/system/clock.ts";
import { createNegotiation } from "../adapters/telephony/sdp/negotiation.ts";
import { createSipEndpoint } from "../adapters/telephony/sip/endpoint.ts";
import { addressBlocks } from "../adapters/telephony/sip/peer-book.ts";
import type { SipEndpoint } from "../adapters/telephony/sip/signalling.ts";
import { printBench, printSkipped } from "./bench-line.ts";
import { percentile } from "./percentile.ts";

const CALLS_MAX = 20_000;
const LOOPBACK = "127.0.0.1";
/** Ticks of /proc/<pid>/stat: USER_HZ is 100 on every Linux. */
const TICK_MS = 10;
const TALK_MS = 200;

/** As a trunk has them: made once. */
const RULES = { allowed: addressBlocks(["127.0.0.0/8"], "bench"), allowLoopback: true };

const calls = Math.min(CALLS_MAX, Number(process.argv[2] ?? 6_000));
const perSecond = Number(process.argv[3] ?? 400);

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => {
    socket.bind(0, LOOPBACK, resolve);
  });
  const { port } = socket.address();
  await new Promise<void>((resolve) => {
    socket.close(() => resolve());
  });
  return port;
}

function sipp(folder: string, args: string): ChildProcess {
  const all = `${args} -i ${LOOPBACK} -nostdin -timeout 120 -buff_size 4194304`;
  return spawn("sipp", all.split(" "), { cwd: folder, stdio: "ignore" });
}

/** User and system time so far; null once the process is gone. */
function cpuOf(pid: number | undefined): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return null;
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Runs SIPp to its end. Answers the CPU that it had used when last seen, looked at every 20 ms. */
async function cpuUntilExit(child: ChildProcess): Promise<number> {
  let last = 0;
  while (child.exitCode === null && child.signalCode === null) {
    last = cpuOf(child.pid) ?? last;
    await pause(20);
  }
  return last;
}

async function sippCalls(folder: string, to: number): Promise<{ cpuMsPerCall: number; failed: boolean }> {
  const who = `-sn uac ${LOOPBACK}:${to} -p ${await freePort()}`;
  const child = sipp(folder, `${who} -d ${TALK_MS} -m ${calls} -r ${perSecond} -l 10000`);
  const cpuMs = await cpuUntilExit(child);
  return { cpuMsPerCall: cpuMs / calls, failed: child.exitCode !== 0 };
}

type Outcome = { readonly setupMs: number; readonly ended: boolean };

function callOnce(endpoint: SipEndpoint, port: number, index: number): Promise<Outcome> {
  const start = performance.now();
  const negotiation = createNegotiation({
    address: LOOPBACK,
    port: 20_000 + 2 * (index % 5_000),
    sessionId: index + 1,
    rules: RULES,
    sourceCheck: "strict",
  });
  return new Promise((resolve) => {
    endpoint.invite(
      {
        target: { user: "service", host: LOOPBACK, port },
        from: { user: "bench", host: LOOPBACK },
        sdp: negotiation.offer(),
      },
      {
        onAnswered(dialog, sdp) {
          const setupMs = performance.now() - start;
          const { ok } = negotiation.readAnswer(sdp);
          dialog.onEnded(() => resolve({ setupMs, ended: ok }));
          setTimeout(() => dialog.bye(), TALK_MS);
        },
        onFailed: () => resolve({ setupMs: performance.now() - start, ended: false }),
      },
    );
  });
}

async function ourCalls(
  port: number,
): Promise<{ outcomes: readonly Outcome[]; cpuMs: number; rssMb: number }> {
  const endpoint = await createSipEndpoint({
    listenAddress: LOOPBACK,
    listenPort: 0,
    transport: "udp",
    peers: [{ name: "sipp", addresses: [LOOPBACK], pinnedTo: null, forceRport: false }],
    user: "bench",
    clock: createSystemClock(),
    log: { info: silent, warn: silent, error: silent },
    onInvite: (invite) => invite.reject(603),
  });
  const before = process.cpuUsage();
  const running: Promise<Outcome>[] = [];
  const start = performance.now();
  while (running.length < calls) {
    const due = Math.min(calls, Math.floor(((performance.now() - start) / 1_000) * perSecond) + 1);
    while (running.length < due) running.push(callOnce(endpoint, port, running.length));
    await pause(2);
  }
  const outcomes = await Promise.all(running);
  const used = process.cpuUsage(before);
  const rssMb = process.memoryUsage.rss() / 1_048_576;
  await endpoint.close();
  return { outcomes, cpuMs: (used.user + used.system) / 1_000, rssMb };
}

function silent(): void {
  // The bench prints one line, its own.
}

if (spawnSync("sipp", ["-v"]).error !== undefined) {
  printSkipped({ name: "sip-cpu", skipped: "SIPp is not installed", command: "node bench/sip-cpu.ts" });
  process.exit();
}
const folder = mkdtempSync(join(tmpdir(), "reveille-bench-sip-"));
const port = await freePort();
const callee = sipp(folder, `-sn uas -p ${port}`);
try {
  await pause(500);
  const theirs = await sippCalls(folder, port);
  const ours = await ourCalls(port);
  const setups = ours.outcomes.map(({ setupMs }) => setupMs);
  const cpuMsPerCall = ours.cpuMs / calls;
  printBench({
    name: "sip-cpu",
    figures: {
      calls,
      perSecond,
      cpuMsPerCall,
      sippCpuMsPerCall: theirs.cpuMsPerCall,
      setupP50Ms: percentile(setups, 0.5),
      setupP99Ms: percentile(setups, 0.99),
      failed: ours.outcomes.filter(({ ended }) => !ended).length,
      sippFailed: theirs.failed ? 1 : 0,
      rssMb: Math.round(ours.rssMb),
    },
    ratio: theirs.cpuMsPerCall / cpuMsPerCall,
    against: "CPU per call of SIPp (C++) / CPU per call of our calling side",
    goals: [
      { figure: "ratio", atLeast: 1 / 6 },
      { figure: "failed", atMost: 0 },
    ],
    command: "node bench/sip-cpu.ts",
  });
} finally {
  callee.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
