/** kafkajs with its precautions, and clusters of it without its consumer. */
import kafkajs, { type Cluster, type Kafka, type KafkaConfig, type RetryOptions } from "kafkajs";
import { assertNever } from "../../../domain/kernel/assert-never.ts";
import { installPrecautions } from "./kafkajs-precautions.ts";

export type KafkaConnection = {
  /** "host:port" of some brokers; they name the others. */
  readonly brokers: readonly string[];
  /** Names this process in the brokers' logs. */
  readonly clientId: string;
  /** PEM texts; without `ca` the machine's own authorities are believed. Left out: no TLS. */
  readonly tls?: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
  };
  readonly login?: {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: string;
  };
};

// Few and short: many would hammer a dead broker instead of asking the others who leads now.
const CONNECT_RETRY: RetryOptions = { retries: 2, initialRetryTime: 50, maxRetryTime: 300 };
const CONNECT_TIMEOUT_MS = 1_000;
const REQUEST_TIMEOUT_MS = 5_000;

export function createKafkajsClient(connection: KafkaConnection): Kafka {
  installPrecautions();
  const { brokers, clientId, tls, login } = connection;
  const config: KafkaConfig = {
    brokers: [...brokers],
    clientId,
    ssl: tls === undefined ? false : tlsOf(tls),
    retry: CONNECT_RETRY,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Its log tells of every retry as an error; what matters comes to us as an exception.
    logLevel: kafkajs.logLevel.NOTHING,
  };
  return new kafkajs.Kafka(login === undefined ? config : { ...config, sasl: saslOf(login) });
}

function tlsOf({ ca, cert, key }: NonNullable<KafkaConnection["tls"]>): NonNullable<KafkaConfig["ssl"]> {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function saslOf({
  mechanism,
  username,
  password,
}: NonNullable<KafkaConnection["login"]>): NonNullable<KafkaConfig["sasl"]> {
  switch (mechanism) {
    case "plain":
      return { mechanism, username, password };
    case "scram-sha-256":
      return { mechanism, username, password };
    case "scram-sha-512":
      return { mechanism, username, password };
    default:
      return assertNever(mechanism);
  }
}

/**
 * The connections of a consumer that is never run. kafkajs hands its cluster to whoever assigns partitions, and
 * that is the one public way to it; what we need of it is in its public types.
 */
export function openCluster(kafka: Kafka): Cluster {
  const seen: Cluster[] = [];
  kafka.consumer({
    groupId: "unused",
    allowAutoTopicCreation: false,
    // Governs the "latest" offset alone: the high watermark, not the last stable offset. Fetches name their own.
    readUncommitted: true,
    partitionAssigners: [
      ({ cluster }) => {
        seen.push(cluster);
        return { name: "unused", version: 1, assign: async () => [], protocol: neverAsked };
      },
    ],
  });
  const [cluster] = seen;
  if (cluster === undefined) throw new Error("kafkajs: a consumer was made without asking for its assigner");
  return cluster;
}

function neverAsked(): never {
  throw new Error("kafkajs: a consumer that must not run has been asked for its protocol");
}
