import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Sipp = {
  readonly port: number;
  /** Exit status once it has run all its calls: 0 when every one went as its scenario says. */
  readonly done: Promise<number | null>;
  /** What it printed; for messages of failed tests. */
  output(): string;
  kill(): void;
};

const OUTPUT_CHARACTERS_MAX = 100_000;

/** A UDP port that nothing has now. SIPp does not say which one it took. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => {
    socket.bind(0, "127.0.0.1", resolve);
  });
  const { port } = socket.address();
  await new Promise<void>((resolve) => {
    socket.close(() => resolve());
  });
  return port;
}

/**
 * Runs a scenario of this folder for `calls` calls. As caller give `to`. It runs as a direct child, so that
 * killing it is enough.
 */
export async function startSipp(
  program: string,
  scenario: string,
  options: { readonly calls: number; readonly to?: string; readonly rate?: number; readonly port?: number },
): Promise<Sipp> {
  const port = options.port ?? (await freeUdpPort());
  // SIPp writes its logs where it runs, and takes its audio ports from -mp on.
  const folder = mkdtempSync(join(tmpdir(), "reveille-sipp-"));
  const mediaPort = 6_000 + 2 * (port % 20_000);
  const child = spawn(
    program,
    [
      ...(options.to === undefined ? [] : [options.to, "-r", String(options.rate ?? 10), "-l", "1000"]),
      ...["-sf", join(import.meta.dirname, `${scenario}.xml`), "-i", "127.0.0.1", "-mi", "127.0.0.1"],
      ...["-p", String(port), "-mp", String(mediaPort), "-m", String(options.calls)],
      ...["-nostdin", "-timeout", "60", "-timeout_error", "-buff_size", "4194304"],
    ],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const done = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (status) => {
      rmSync(folder, { recursive: true, force: true });
      resolve(status);
    });
  });
  if (options.to === undefined) await isListening(port);
  return { port, done, output: () => output, kill: () => void child.kill("SIGKILL") };
}

const LISTEN_TRIES_MAX = 200;

/** Resolves when the port is taken: SIPp is up. */
async function isListening(port: number): Promise<void> {
  for (let tries = 0; tries < LISTEN_TRIES_MAX; tries += 1) {
    const socket = createSocket("udp4");
    const taken = await new Promise<boolean>((resolve) => {
      socket.once("error", () => resolve(true));
      socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => resolve(false));
    });
    await new Promise<void>((resolve) => {
      socket.close(() => resolve());
    });
    if (taken) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  throw new Error(`SIPp did not open UDP port ${port}; run it by hand to see why`);
}
