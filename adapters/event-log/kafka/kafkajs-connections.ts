/**
 * Connections that several writers share, and what to do when one of them is in doubt. Every request that goes
 * through here may be asked twice: a producer's records carry numbers, and a transaction's end has one outcome.
 */
import { setTimeout } from "node:timers/promises";
import type { Broker, Cluster } from "kafkajs";
import { LogUnavailableError } from "../../../domain/ports/event-log.ts";
import { isBusyElsewhere, isRepeatable, lostConnection } from "./kafkajs-errors.ts";

/** A broker that died is replaced within its session, and a task that gives up is restored; Senders wait for this. */
const INSIST_MS_MAX = 8_000;
const PAUSE_MS_FIRST = 1;
const PAUSE_FACTOR = 1.5;
const PAUSE_MS_MAX = 300;

export type Connections = {
  /** Counts a user in; the last one out closes the connections. */
  borrow(): { giveBack(): Promise<void> };
  /** With metadata of these topics. Throws as kafkajs does. */
  use<T>(topics: readonly string[], ask: (cluster: Cluster) => Promise<T>): Promise<T>;
  /**
   * Asks until there is an answer, waiting ever longer and looking anew for who leads. Throws what can't be
   * helped by asking again, and the last failure after `INSIST_MS_MAX`.
   */
  insist<T>(topics: readonly string[], ask: (cluster: Cluster) => Promise<T>): Promise<T>;
};

/** `insistMsMax`: default `INSIST_MS_MAX`. */
export function createConnections(
  openCluster: () => Cluster,
  insistMsMax: number = INSIST_MS_MAX,
): Connections {
  let current: Promise<Cluster> | null = null;
  let users = 0;

  async function connect(): Promise<Cluster> {
    const cluster = openCluster();
    await cluster.connect();
    return cluster;
  }

  async function use<T>(topics: readonly string[], ask: (cluster: Cluster) => Promise<T>): Promise<T> {
    if (users === 0) throw new LogUnavailableError("these connections are closed");
    current ??= connect();
    const mine = current;
    try {
      const cluster = await mine;
      await cluster.addMultipleTargetTopics([...topics]);
      await cluster.refreshMetadataIfNecessary();
      return await ask(cluster);
    } catch (error) {
      await recover(mine, error);
      throw error;
    }
  }

  /** Who leads is asked anew; connections of other brokers are left alone, others may be using them. */
  async function recover(mine: Promise<Cluster>, error: unknown): Promise<void> {
    if (current !== mine || isBusyElsewhere(error)) return;
    try {
      const cluster = await mine;
      const gone = lostConnection(error);
      if (gone !== null) cluster.removeBroker(gone);
      if (!cluster.isConnected()) await cluster.connect();
      await cluster.refreshMetadata();
    } catch {
      // The failure that brought us here is the caller's to hear; the next one starts with other connections.
      if (current === mine) current = null;
      await disconnect(mine);
    }
  }

  return {
    borrow() {
      users += 1;
      let borrowed = true;
      return {
        async giveBack() {
          if (!borrowed) return;
          borrowed = false;
          users -= 1;
          const last = current;
          if (users > 0 || last === null) return;
          current = null;
          await disconnect(last);
        },
      };
    },
    use,
    async insist(topics, ask) {
      let pauseMs = PAUSE_MS_FIRST;
      const begunMs = performance.now();
      for (;;) {
        try {
          return await use(topics, ask);
        } catch (error) {
          if (users === 0 || performance.now() - begunMs >= insistMsMax || !isRepeatable(error)) throw error;
        }
        await setTimeout(pauseMs);
        pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * PAUSE_FACTOR);
      }
    },
  };
}

/** What kafkajs's broker can do beyond its public type. */
export type TransactionBroker = Broker & {
  initProducerId(request: {
    readonly transactionalId?: string;
    readonly transactionTimeout: number;
  }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>;
  addPartitionsToTxn(request: {
    readonly transactionalId: string;
    readonly producerId: string;
    readonly producerEpoch: number;
    readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
  }): Promise<unknown>;
  endTxn(request: {
    readonly transactionalId: string;
    readonly producerId: string;
    readonly producerEpoch: number;
    readonly transactionResult: boolean;
  }): Promise<unknown>;
};

async function disconnect(cluster: Promise<Cluster>): Promise<void> {
  try {
    await (await cluster).disconnect();
  } catch {
    // It never was connected, or is no more: either way there is nothing left to close.
  }
}
