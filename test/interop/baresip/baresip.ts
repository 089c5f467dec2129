import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeWav } from "../../../adapters/telephony/audio/wav.ts";

const HOST = "127.0.0.1";
/** The number that the sample order calls: baresip is nobody else. */
const USER = "+12125550123";
const STOP_MS = 3_000;
const OUTPUT_CHARACTERS_MAX = 200_000;

/** A baresip without terminal, that answers by itself, plays a file to the caller and records what it hears. */
export type Baresip = {
  readonly port: number;
  /** The file of what it heard; complete once it has stopped. */
  recording(): Promise<string>;
  /** Resolves when its output has `text`, past or to come. */
  said(text: string): Promise<void>;
  stop(): Promise<void>;
};

export type BaresipOptions = {
  readonly program: string;
  readonly folder: string;
  /** What it says to the caller. */
  readonly speaks: Int16Array;
  readonly codec: "PCMU" | "PCMA";
};

export async function startBaresip({ program, folder, speaks, codec }: BaresipOptions): Promise<Baresip> {
  const port = await freeUdpPort();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "in.wav"), writeWav(speaks));
  await writeFile(join(folder, "config"), configuration(folder, port));
  await writeFile(
    join(folder, "accounts"),
    `<sip:${USER}@${HOST}>;regint=0;answermode=auto;audio_codecs=${codec}/8000;ptime=20;dtmfmode=rtpevent\n`,
  );
  await writeFile(join(folder, "contacts"), "");
  const child = spawn(program, ["-f", folder, "-t", "60"], { stdio: ["ignore", "pipe", "pipe"] });
  const output = watchOutput(child);
  await output.said("baresip is ready");
  return { port, recording: () => findRecording(folder), said: output.said, stop: () => stop(child) };
}

async function findRecording(folder: string): Promise<string> {
  const found = (await readdir(folder)).find((name) => /^dump-.*-dec\.wav$/.test(name));
  if (found === undefined) throw new Error(`baresip left no recording in ${folder}`);
  return join(folder, found);
}

function configuration(folder: string, port: number): string {
  const mediaPort = 20_000 + (port % 1_000) * 10;
  return `${[
    "poll_method epoll",
    `sip_listen ${HOST}:${port}`,
    `net_interface ${HOST}`,
    "call_local_timeout 60",
    "call_max_calls 4",
    // Version 1.0 has no player that writes a file: its sound dump does, behind a bridge that nobody listens to.
    "audio_player aubridge,nobody",
    `snd_path ${folder}`,
    `audio_source aufile,${folder}/in.wav`,
    `audio_alert aufile,${folder}/in.wav`,
    "ausrc_srate 8000",
    "auplay_srate 8000",
    "ausrc_channels 1",
    "auplay_channels 1",
    "audio_txmode poll",
    "audio_level no",
    `rtp_ports ${mediaPort}-${mediaPort + 20}`,
    "rtcp_mux no",
    "jitter_buffer_type fixed",
    "jitter_buffer_delay 2-10",
    "rtp_stats yes",
    "module_path /usr/lib/baresip/modules",
    "module g711.so",
    "module aufile.so",
    "module aubridge.so",
    "module sndfile.so",
    "module_tmp uuid.so",
    "module_tmp account.so",
    "module_app menu.so",
  ].join("\n")}\n`;
}

function watchOutput(child: ChildProcess): { readonly said: (text: string) => Promise<void> } {
  let output = "";
  let ended = false;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of waiting) look();
  };
  const read = (chunk: Buffer): void => {
    if (output.length < OUTPUT_CHARACTERS_MAX) output += chunk.toString();
    wake();
  };
  child.stdout?.on("data", read);
  child.stderr?.on("data", read);
  child.on("close", () => {
    ended = true;
    wake();
  });
  return {
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!output.includes(text) && !ended) return;
          waiting.delete(look);
          if (output.includes(text)) resolve();
          else reject(new Error(`baresip ended without "${text}":\n${output.slice(-2_000)}`));
        };
        waiting.add(look);
        look();
      }),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once("close", () => resolve());
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await promise;
  clearTimeout(timer);
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.bind(0, HOST, resolve);
  await promise;
  const { port } = socket.address();
  socket.close();
  return port;
}
