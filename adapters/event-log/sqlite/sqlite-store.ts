/**
 * The log in one SQLite file, shared by the processes of one machine. Commits are visible at once and durable
 * after the next sync of the WAL; SQLite's own sync at every commit would hold the write lock of all processes
 * for as long as the disk takes.
 */
import { closeSync, openSync } from "node:fs";
import type { Instant } from "../../../domain/kernel/time.ts";
import type { Clock } from "../../../domain/ports/clock.ts";
import type { Position } from "../../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import { type ChangedPlace, createChangeBoard } from "../change-board.ts";
import type { LogStore, Taken } from "../log-store.ts";
import type { PartitionCounts } from "../partitions.ts";
import type { RecordToStore } from "../stored-record.ts";
import { createChangeWatch } from "./change-watch.ts";
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
  const board = createChangeBoard();
  const watch = createChangeWatch(db);
  /** What jobs of the transaction under way have changed; told once it is committed. */
  const written = new Map<string, ChangedPlace & { readonly next: number }>();
  let teamsChanged = false;
  let seenVersion: unknown = null;
  let closed: Promise<void> | null = null;

  // The WAL exists by now, and while our connection is open nobody removes it.
  const wal = openSync(`${path}-wal`, "r+");
  const ack = createDurableAck(syncOf(wal), onSyncFailure);
  const bell = openDoorbell(`${path}.bell`, noticeOthers, operatorLog);
  const queue = createWriteQueue({ db, path, onSyncFailure, onCommitted, onUndone: () => written.clear() });

  function insert(added: readonly RecordToStore[], at: Instant): readonly Position[] {
    const positions = records.insert(added, at);
    for (const [index, { partition, offset }] of positions.entries()) {
      const topic = added[index]?.topic ?? "requests";
      written.set(`${topic}/${partition}`, { topic, partition, next: offset + 1 });
    }
    return positions;
  }

  function aboutTeams<T>(count: number, job: () => T): Promise<T> {
    return queue.run(count, () => {
      teamsChanged = true;
      return job();
    });
  }

  function onCommitted(): void {
    const places = [...written.values()];
    const teams = teamsChanged;
    written.clear();
    teamsChanged = false;
    watch.note(places);
    board.tell(places);
    if (teams) board.tellTeams();
    bell.ring();
  }

  /** Rung by whoever wrote, ourselves included, and by the poll: only a commit of others is news. */
  function noticeOthers(): void {
    try {
      const version = dataVersion.get()?.["data_version"];
      if (version === seenVersion) return;
      const { places, teams } = watch.look();
      seenVersion = version;
      board.tell(places);
      if (teams) board.tellTeams();
    } catch {
      // What can't be looked at now is taken for news: each looks for itself, as patiently as it can.
      board.tellAll();
    }
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
    append: (added) => queue.run(added.length, () => insert(added, clock.now())),
    commit: (claim, added, handledUpTo) =>
      queue.run(added.length, () => {
        leases.require(claim);
        if (handledUpTo !== null) leases.advance(claim, handledUpTo);
        return insert(added, clock.now());
      }),
    durable: () => ack.durable(),
    readBatch: (topic, partition, range) => reading(() => records.select(topic, partition, range)),
    ends: (topic) => reading(() => records.ends(topic)),
    committedOffset: (group, partition) => reading(() => leases.committedOffset(group, partition)),
    attend: (presence) => aboutTeams(1, () => leases.attend(presence)),
    claim: (presence, partition, marks) =>
      queue.run(2, (): Taken | null => {
        const epoch = leases.take(presence, partition);
        if (epoch === null) return null;
        const { state, events } = marks(epoch);
        const [stateMark, eventsMark] = insert([state, events], presence.now);
        if (stateMark === undefined || eventsMark === undefined) throw new Error("log: marks got no offset");
        const { group, member } = presence;
        const claim = { group, member, partition, epoch };
        return { claim, stateMark: stateMark.offset, eventsMark: eventsMark.offset };
      }),
    release: (claim) => aboutTeams(1, () => leases.release(claim)),
    leave: (group, member) => aboutTeams(1, () => leases.leave(group, member)),
    teamVersion: (group) => reading(() => leases.teamVersion(group)),
    onRecords: board.watch,
    onTeam: board.watchTeams,
    close() {
      closed ??= closeAll();
      return closed;
    },
  };
}
