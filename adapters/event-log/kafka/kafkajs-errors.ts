/** kafkajs's failures as the port's few. What is not known to last is worth another try. */
import { LogUnavailableError, OwnershipLostError } from "../../../domain/ports/event-log.ts";
import { KafkaRefusalError, LogGapError, NoLongerMemberError, RebalancingError } from "./kafka-driver.ts";

/** Kafka's answers that will not change by asking again. */
const REFUSALS: ReadonlySet<string> = new Set([
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
  "SASL_AUTHENTICATION_FAILED",
  "UNSUPPORTED_SASL_MECHANISM",
  "INVALID_SESSION_TIMEOUT",
  "INVALID_TRANSACTION_TIMEOUT",
  "INCONSISTENT_GROUP_PROTOCOL",
  "INVALID_REPLICATION_FACTOR",
  "INVALID_CONFIG",
  // Names of kafkajs's own, where it gives no code.
  "KafkaJSSASLAuthenticationError",
]);

/**
 * A superseded writer is told INVALID_PRODUCER_EPOCH. Newer codes (PRODUCER_FENCED is 90) are not in kafkajs's
 * table, which ends at 88: an unknown code on a transaction is taken for the worst.
 */
const SUPERSEDED: ReadonlySet<string> = new Set([
  "INVALID_PRODUCER_EPOCH",
  "INVALID_PRODUCER_ID_MAPPING",
  "TRANSACTION_COORDINATOR_FENCED",
  "KAFKAJS_UNKNOWN_ERROR_CODE",
]);

/** Beside those that kafkajs itself marks so: a failed disk is a leader that moves, and a coordinator may not be chosen yet. */
const REPEATABLE: ReadonlySet<string> = new Set([
  "CONCURRENT_TRANSACTIONS",
  "KAFKA_STORAGE_ERROR",
  "KafkaJSGroupCoordinatorNotFound",
]);

type KafkajsError = {
  readonly name: string;
  readonly retriable?: unknown;
  readonly host?: unknown;
  readonly port?: unknown;
  readonly message: string;
  readonly type?: unknown;
  readonly cause?: unknown;
  /** Of a request that was refused for several topics. */
  readonly errors?: unknown;
  readonly partition?: unknown;
};

/** The failure behind kafkajs's "number of retries exceeded", or the failure itself. */
function rootOf(error: unknown): KafkajsError {
  let root = error instanceof Error ? (error as KafkajsError) : { name: "unknown", message: String(error) };
  while (root.type === undefined) {
    const [behind] = [root.cause, ...(Array.isArray(root.errors) ? root.errors : [])].filter(isError);
    if (behind === undefined) break;
    root = behind;
  }
  return root;
}

function isError(value: unknown): value is KafkajsError & Error {
  return value instanceof Error;
}

function kafkaErrorType(error: unknown): string {
  const { type, name } = rootOf(error);
  return typeof type === "string" ? type : name;
}

/** Whether the same request may succeed if it is put again, perhaps to another broker. */
export function isRepeatable(error: unknown): boolean {
  const { retriable } = rootOf(error);
  return retriable === true || REPEATABLE.has(kafkaErrorType(error));
}

/** The markers of the transaction before this one are still being written: nobody has moved or gone. */
export function isBusyElsewhere(error: unknown): boolean {
  return kafkaErrorType(error) === "CONCURRENT_TRANSACTIONS";
}

/** Where the broker was whose connection has closed; null for any other failure. */
export function lostConnection(error: unknown): { readonly host: string; readonly port: number } | null {
  const { name, host, port } = rootOf(error);
  if (name !== "KafkaJSConnectionClosedError") return null;
  return typeof host === "string" && typeof port === "number" ? { host, port } : null;
}

/** `asked` says what was tried, for the message. */
export function toPortError(asked: string, error: unknown): Error {
  const type = kafkaErrorType(error);
  const options = { cause: error };
  if (error instanceof LogUnavailableError || error instanceof KafkaRefusalError) return error;
  if (type === "OFFSET_OUT_OF_RANGE") {
    const { partition } = rootOf(error);
    const where = typeof partition === "number" ? partition : null;
    return new LogGapError(`${asked}: the log no longer has that position (${type})`, where, options);
  }
  if (REFUSALS.has(type)) {
    return new KafkaRefusalError(
      `${asked}: the brokers refuse (${type}); check rights and settings`,
      options,
    );
  }
  return new LogUnavailableError(`${asked}: no answer that can be used (${type})`, options);
}

export function toTransactionError(asked: string, error: unknown): Error {
  if (error instanceof OwnershipLostError) return error;
  const type = kafkaErrorType(error);
  if (!SUPERSEDED.has(type)) return toPortError(asked, error);
  return new OwnershipLostError(`${asked}: another writer has taken over (${type})`, { cause: error });
}

export function toGroupError(asked: string, error: unknown): Error {
  const type = kafkaErrorType(error);
  const options = { cause: error };
  if (type === "REBALANCE_IN_PROGRESS") return new RebalancingError(`${asked}: ${type}`, options);
  if (type === "UNKNOWN_MEMBER_ID" || type === "ILLEGAL_GENERATION" || type === "FENCED_INSTANCE_ID") {
    return new NoLongerMemberError(`${asked}: ${type}`, options);
  }
  return toPortError(asked, error);
}
