/**
 * The log in one SQLite file, shared by the processes of one machine. Commits are visible at once and durable
 * after the next sync of the WAL; SQLite's own sync at every commit would hold the write lock of all processes
 * for as long as the disk takes.
 */
import { closeSync, openSync } from "node:fs";
import type { Clock } from "../../../domain/ports/clock.ts";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import type { LogStore, Taken } from "../log-store.ts";
import type { PartitionCounts } from "../partitions.ts";
import { openConnection } from "./connection.ts";
import { openDoorbell } from "./doorbell.ts";
import { createDurableAck, syncOf } from "./durable-ack.ts";
import { createLeaseTable } from "./lease-table.ts";
import { createRecordTable } from "./record-table.ts";
import { toLogError } from "./sqlite-errors.ts";
import { createWriteQueue } from "./write-queue.ts";

export type SqliteStoreOptions = {
  /** Of the log's file; `-wal`, `-shm` and `.bell` appear beside it. A local disk: locks on NFS do not hold. */
  readonly path: string;
  readonly counts: PartitionCounts;
  readonly clock: Clock;
  readonly operatorLog: OperatorLog;
  /** Called when a sync failed. Must end the process: nobody knows what is on the disk. */
  readonly onSyncFailure: (error: unknown) => void;
};

export function openSqliteStore(options: SqliteStoreOptions): LogStore {
  const { path, counts, clock, operatorLog, onSyncFailure } = options;
  const db = openConnection(path, counts);
  const records = createRecordTable(db);
  const leases = createLeaseTable(db);
  const dataVersion = db.prepare("PRAGMA data_version");
  const listeners = new Set<() => void>();
  let seenVersion: unknown = null;
  let closed: Promise<void> | null = null;

  // The WAL exists by now, and while our connection is open nobody removes it.
  const wal = openSync(`${path}-wal`, "r+");
  const ack = createDurableAck(syncOf(wal), onSyncFailure);
  const bell = openDoorbell(`${path}.bell`, noticeOthers, operatorLog);
  const queue = createWriteQueue({ db, path, onSyncFailure, onCommitted });

  function onCommitted(): void {
    tellListeners();
    bell.ring();
  }

  /** Rung by whoever wrote, ourselves included, and by the poll: only a commit of others is news. */
  function noticeOthers(): void {
    const version = tryRead(() => dataVersion.get()?.["data_version"]);
    if (version === seenVersion) return;
    seenVersion = version;
    tellListeners();
  }

  function tellListeners(): void {
    for (const listener of listeners) listener();
  }

  function reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw toLogError(error, path);
    }
  }

  async function closeAll(): Promise<void> {
    await queue.drained();
    await ack.durable();
    bell.close();
    closeSync(wal);
    db.close();
  }

  return {
    append: (added) => queue.run(added.length, () => records.insert(added, clock.now())),
    commit: (claim, added, handledUpTo) =>
      queue.run(added.length, () => {
        leases.require(claim);
        if (handledUpTo !== null) leases.advance(claim, handledUpTo);
        return records.insert(added, clock.now());
      }),
    durable: () => ack.durable(),
    readBatch: (topic, partition, range) => reading(() => records.select(topic, partition, range)),
    ends: (topic) => reading(() => records.ends(topic)),
    committedOffset: (group, partition) => reading(() => leases.committedOffset(group, partition)),
    attend: (presence) => queue.run(1, () => leases.attend(presence)),
    claim: (presence, partition, marks) =>
      queue.run(2, (): Taken | null => {
        const epoch = leases.take(presence, partition);
        if (epoch === null) return null;
        const { state, events } = marks(epoch);
        const [stateMark, eventsMark] = records.insert([state, events], presence.now);
        if (stateMark === undefined || eventsMark === undefined) throw new Error("log: marks got no offset");
        const { group, member } = presence;
        const claim = { group, member, partition, epoch };
        return { claim, stateMark: stateMark.offset, eventsMark: eventsMark.offset };
      }),
    release: (claim) => queue.run(1, () => leases.release(claim)),
    leave: (group, member) => queue.run(1, () => leases.leave(group, member)),
    teamVersion: (group) => reading(() => leases.teamVersion(group)),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      closed ??= closeAll();
      return closed;
    },
  };
}

/** A notice that can't be checked now is taken for news. */
function tryRead(value: () => unknown): unknown {
  try {
    return value();
  } catch (error) {
    return error;
  }
}
