/** Real brokers for a run, with the topics made on them by the program's own command. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startBrokers } from "../../deploy/kafka/brokers.ts";
import type { BrokersAtRisk } from "./nemesis.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
/** Fewer than in production: a broker on two cores that is asked for 48 has nothing left to serve calls with. */
const PARTITIONS = "8";

export type KafkaStage = {
  /** Between the roles and the broker; null with three brokers, which talk to each other by the same addresses. */
  readonly network: TcpProxy | null;
  /** For every role. */
  readonly settings: Readonly<Record<string, string>>;
  readonly brokers: BrokersAtRisk;
  stop(): Promise<void>;
};

export async function startKafkaStage(count: 1 | 3): Promise<KafkaStage> {
  const network = count === 1 ? await startTcpProxy() : null;
  const cluster = await startBrokers(count, network === null ? [] : [network.port]);
  network?.forwardTo(Number(cluster.addresses[0]?.split(":").at(-1)));
  const settings = {
    REVEILLE_KAFKA: network === null ? cluster.addresses.join(",") : `127.0.0.1:${network.port}`,
    REVEILLE_KAFKA_REPLICAS: String(count),
    REVEILLE_KAFKA_PARTITIONS: PARTITIONS,
    REVEILLE_KAFKA_PREFIX: `chaos-${process.pid}.`,
  };
  const folder = mkdtempSync(join(tmpdir(), "reveille-chaos-topics-"));
  try {
    const env = {
      PATH: process.env["PATH"] ?? "",
      REVEILLE_DATA: folder,
      REVEILLE_DEVELOPMENT: "1",
      ...settings,
    };
    await promisify(execFile)(process.execPath, [MAIN, "topics", "apply"], { env });
  } catch (error) {
    await Promise.all([cluster.stop(), network?.close()]);
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    network,
    settings,
    brokers: { count, kill: (index) => cluster.kill(index), restart: (index) => cluster.restart(index) },
    async stop() {
      await Promise.all([cluster.stop(), network?.close()]);
    },
  };
}
