import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Sipp = {
  readonly port: number;
  /** "as written" once every call has gone as its scenario says, else what it printed. */
  verdict(): Promise<string>;
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
  options: {
    readonly calls: number;
    readonly to?: string;
    readonly rate?: number;
    readonly port?: number;
    /** Messages that the scenario does not expect are passed over: under loss they come in any order. */
    readonly lenient?: boolean;
  },
): Promise<Sipp> {
  const port = options.port ?? (await freeUdpPort());
  // SIPp writes its logs where it runs, and takes its audio ports from -mp on.
  const folder = mkdtempSync(join(tmpdir(), "reveille-sipp-"));
  // Below the ports that the kernel gives away by itself, where other tests have theirs.
  const mediaPort = 10_000 + 4 * (port % 5_000);
  const caller = options.to === undefined ? "" : `${options.to} -r ${options.rate ?? 10} -l 1000 `;
  const behaviour = options.lenient === true ? "bye,pingreply" : "all";
  const addresses = `-i 127.0.0.1 -mi 127.0.0.1 -p ${port} -mp ${mediaPort} -m ${options.calls}`;
  const child = spawn(
    program,
    [
      ..."-nostdin -timeout 60 -timeout_error -buff_size 4194304 -sf".split(" "),
      join(import.meta.dirname, `${scenario}.xml`),
      ...`${caller}${addresses} -default_behaviors ${behaviour}`.split(" "),
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
  return {
    port,
    verdict: async () => ((await done) === 0 ? "as written" : output),
    kill: () => void child.kill("SIGKILL"),
  };
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
