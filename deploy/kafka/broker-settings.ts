/** The settings of a small cluster on one machine, for developers and tests; never for production. */
export type BrokerPlan = {
  readonly node: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly folder: string;
};

export function brokerSettings(plan: BrokerPlan, cluster: readonly BrokerPlan[]): string {
  const replicas = cluster.length;
  const inSync = Math.max(1, replicas - 1);
  const voters = cluster.map(({ node, controllerPort }) => `${node}@127.0.0.1:${controllerPort}`);
  const settings = {
    "node.id": plan.node,
    "process.roles": "broker,controller",
    listeners: `PLAINTEXT://127.0.0.1:${plan.port},CONTROLLER://127.0.0.1:${plan.controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${plan.port}`,
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
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}
