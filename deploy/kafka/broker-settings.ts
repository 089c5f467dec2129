/** The settings of a small cluster on one machine, for developers and tests; never for production. */
export type BrokerPlan = {
  readonly node: number;
  readonly port: number;
  /** Where clients are told to go, other than to `port`: something stands in between. */
  readonly advertisedPort?: number;
  /** A second door, with TLS and a login, as in production. */
  readonly secure?: SecureDoor & { readonly port: number };
  readonly controllerPort: number;
  readonly folder: string;
};

/** PEM texts of the broker, and the one who may log in by PLAIN or SCRAM-SHA-512. */
export type SecureDoor = {
  readonly key: string;
  readonly cert: string;
  readonly username: string;
  readonly password: string;
};

export function brokerSettings(plan: BrokerPlan, cluster: readonly BrokerPlan[]): string {
  const replicas = cluster.length;
  const inSync = Math.max(1, replicas - 1);
  const voters = cluster.map(({ node, controllerPort }) => `${node}@127.0.0.1:${controllerPort}`);
  const settings = {
    "node.id": plan.node,
    "process.roles": "broker,controller",
    listeners: `PLAINTEXT://127.0.0.1:${plan.port},CONTROLLER://127.0.0.1:${plan.controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${plan.advertisedPort ?? plan.port}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "controller.quorum.voters": voters.join(","),
    "log.dirs": plan.folder,
    "default.replication.factor": replicas,
    "min.insync.replicas": inSync,
    "offsets.topic.replication.factor": replicas,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": replicas,
    "transaction.state.log.min.isr": inSync,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": replicas,
    "share.coordinator.state.topic.min.isr": inSync,
    "auto.create.topics.enable": false,
    // A takeover is what people try here: sessions may be short, a dead broker is noticed soon, nobody waits.
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 500,
    "broker.session.timeout.ms": 3_000,
    "broker.heartbeat.interval.ms": 500,
    // Compaction at once, in little memory.
    "log.cleaner.backoff.ms": 100,
    "log.cleaner.dedupe.buffer.size": 4_194_304,
    "log.initial.task.delay.ms": 100,
    "log.index.size.max.bytes": 1_048_576,
    "file.delete.delay.ms": 1_000,
  };
  return Object.entries({ ...settings, ...(plan.secure === undefined ? {} : secured(settings, plan.secure)) })
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

type Settings = Readonly<
  Record<"listeners" | "advertised.listeners" | "listener.security.protocol.map", string>
>;

function secured(
  settings: Settings,
  { port, key, cert, username, password }: NonNullable<BrokerPlan["secure"]>,
) {
  const door = `SECURE://127.0.0.1:${port}`;
  const mechanisms = "org.apache.kafka.common.security";
  return {
    listeners: `${settings.listeners},${door}`,
    "advertised.listeners": `${settings["advertised.listeners"]},${door}`,
    "listener.security.protocol.map": `${settings["listener.security.protocol.map"]},SECURE:SASL_SSL`,
    "listener.name.secure.ssl.keystore.type": "PEM",
    "listener.name.secure.ssl.keystore.certificate.chain": oneLine(cert),
    "listener.name.secure.ssl.keystore.key": oneLine(key),
    "listener.name.secure.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
    "listener.name.secure.plain.sasl.jaas.config": `${mechanisms}.plain.PlainLoginModule required user_${username}="${password}";`,
    "listener.name.secure.scram-sha-512.sasl.jaas.config": `${mechanisms}.scram.ScramLoginModule required;`,
  };
}

/** As a file of properties takes it. */
function oneLine(text: string): string {
  return text.trim().replaceAll("\n", "\\n");
}
