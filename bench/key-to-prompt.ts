/**
 * How long a caller waits for the machine: from the first packet of a key (RFC 4733) to the first packet of the
 * next prompt that is not silence. A call through the whole house; the document asks, hears one key and asks again,
 * its prompt a tone from a cache. Against a bare process that does nothing but answer a key with a tone at its
 * next packet: both wait for the 20 ms rhythm, half a packet on average.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { API_KEY, benchNumber, startBenchHouse } from "./bench-house.ts";
import { printBench } from "./bench-line.ts";
import { percentile } from "./percentile.ts";
import { bindLoopback, createRtpEar, createRtpSender, type RtpGuest, startRtpGuest } from "./rtp-guest.ts";

const PRESSES = 110;
const WARM_UP = 10;
const BARE_PRESSES = 60;
/** The prompt must be over, and a moment more, before the next key. */
const QUIET_PACKETS = 4;
const KEY = 5;
const TONE_MS = 100;
const BARE_EVENTS = 101;
/** For one answer; the bench fails instead of standing still. */
const PATIENCE_MS = 5_000;

const nodeOptions = process.argv[2];
const tone = toneFile();
const web = createServer((request, response) => {
  const isTone = request.url === "/tone.wav";
  response.writeHead(200, {
    "content-type": isTone ? "audio/wav" : "application/voicexml+xml",
    "cache-control": "max-age=3600",
  });
  response.end(isTone ? tone : DOCUMENT);
});
const DOCUMENT = `<vxml xmlns="http://www.w3.org/2001/vxml" version="2.1"><property name="timeout" value="60s"/>
  <form><field name="key" type="digits?length=1"><prompt><audio src="/tone.wav">tone</audio></prompt>
  <filled><clear namelist="key"/></filled></field></form></vxml>`;
web.listen(0, "127.0.0.1");
await once(web, "listening");
const webAddress = web.address();
const documentUrl = `http://127.0.0.1:${typeof webAddress === "object" ? webAddress?.port : 0}/loop.vxml`;

const guest = await startRtpGuest();
const house = await startBenchHouse({
  roles: ["telephony", "dispatcher", "gateway"],
  trunk: guest.address,
  settings: nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions },
});
try {
  await call();
  await within(guest.answered, "the call");
  await within(guest.nextSound(), "the first prompt");
  const all = await pressAll(guest, PRESSES);
  const latenciesMs = all.slice(WARM_UP);
  const bareMs = await bare();
  const p50 = percentile(latenciesMs, 0.5);
  printBench({
    name: "key-to-prompt",
    figures: {
      presses: latenciesMs.length,
      p50Ms: p50,
      p99Ms: percentile(latenciesMs, 0.99),
      bareP50Ms: percentile(bareMs, 0.5),
      bareP99Ms: percentile(bareMs, 0.99),
    },
    ratio: percentile(bareMs, 0.5) / p50,
    against: "a bare process that answers a key with a tone / the whole house, p50",
    goals: [
      { figure: "p99Ms", atMost: 40 },
      { figure: "presses", atLeast: 100 },
    ],
    command: "node bench/key-to-prompt.ts",
  });
} finally {
  await house.stop();
  await guest.close();
  web.closeAllConnections();
  web.close();
}

async function call(): Promise<void> {
  const response = await fetch(`http://${house.gateway}/v1/requests`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${API_KEY}`,
      "content-type": "application/json",
      "idempotency-key": '"bench"',
    },
    body: JSON.stringify({ to: benchNumber(1), document: { url: documentUrl }, maxSessionSeconds: 120 }),
  });
  if (response.status !== 202) throw new Error(`bench: the gateway answered ${response.status}`);
}

type Line = Pick<RtpGuest, "press" | "nextSound" | "quietFor">;

async function pressAll(line: Line, presses: number): Promise<readonly number[]> {
  const latenciesMs: number[] = [];
  for (let index = 0; index < presses; index += 1) {
    await within(line.quietFor(QUIET_PACKETS), "silence");
    // At any moment between two packets of either side.
    await pause(Math.random() * 20);
    const sound = line.nextSound();
    const { firstAtMs, done } = line.press(KEY);
    latenciesMs.push((await within(sound, "the next prompt")) - firstAtMs);
    await done;
  }
  return latenciesMs;
}

async function bare(): Promise<readonly number[]> {
  const child = fork(fileURLToPath(new URL("./bare-prompter.ts", import.meta.url)));
  const socket = await bindLoopback();
  const [port] = (await once(child, "message")) as [number];
  const sender = createRtpSender(socket, { port, events: BARE_EVENTS });
  try {
    return await pressAll({ ...createRtpEar(socket), press: sender.press }, BARE_PRESSES);
  } finally {
    sender.stop();
    socket.close();
    child.disconnect();
  }
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`bench: ${what} did not come`)), PATIENCE_MS);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** 8 kHz, 16 bits, mono: loud from the first sample, so that the first packet counts. */
function toneFile(): Buffer {
  const samples = (TONE_MS * 8_000) / 1_000;
  const file = Buffer.alloc(44 + 2 * samples);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(36 + 2 * samples, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(8_000, 24);
  file.writeUInt32LE(16_000, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(2 * samples, 40);
  for (let n = 0; n < samples; n += 1) file.writeInt16LE(n % 8 < 4 ? 8_000 : -8_000, 44 + 2 * n);
  return file;
}
