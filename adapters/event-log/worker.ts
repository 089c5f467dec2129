/**
 * `work`: this process's share of a group. Round by round it shows that it lives, sees who else does, gives up
 * what it holds beyond its fair share and takes what is free below it. Rounds come with a heartbeat, and at once
 * when somebody joined, left or gave a partition back.
 */
import { milliseconds } from "../../domain/kernel/time.ts";
import type { Ownership, Task, Worker } from "../../domain/ports/event-log.ts";
import { LogFullError, LogUnavailableError } from "../../domain/ports/event-log.ts";
import { coolingAfter, failuresInRow } from "./cooling.ts";
import { fairShare } from "./fair-share.ts";
import type { Lease, Presence, Team } from "./log-store.ts";
import { type OwnedPartition, ownPartition, type PartitionEnd } from "./owned-partition.ts";
import { ownerMarks } from "./owner-marks.ts";
import { createWaker } from "./waker.ts";
import type { Wiring } from "./wiring.ts";

/** Heartbeats within one lease: two may be late before the lease is gone. */
const HEARTBEATS_PER_LEASE = 3;
/** How long a partition that is to be given up may take to finish its commits. */
export const LEAVE_WAIT_MS = 5_000;

type Cooling = { readonly failures: number; readonly until: number; readonly cancel: () => void };

/** `onEnd` is called when the worker has stopped or failed. */
export function startWorker(
  wiring: Wiring,
  group: string,
  makeTask: (ownership: Ownership) => Task,
  onEnd: () => void,
): Worker {
  const { store, clock, counts, owner, leaseMs, operatorLog } = wiring;
  const owned = new Map<number, OwnedPartition>();
  const leaving = new Set<number>();
  const cooling = new Map<number, Cooling>();
  const waker = createWaker();
  const failed = Promise.withResolvers<void>();
  let stopping = false;
  let seenVersion: number | null = null;

  const silence = store.onTeam(() => {
    if (store.teamVersion(group) !== seenVersion) waker.ring();
  });

  function presence(): Presence {
    const now = clock.now();
    return { group, member: owner, now, until: (now + leaseMs) as typeof now };
  }

  async function round(): Promise<void> {
    seenVersion = store.teamVersion(group);
    const team = await store.attend(presence());
    for (const lease of team.leases) noticeLoss(lease);
    const share = stopping ? 0 : fairShare(team.members, owner, counts.requests);
    giveUpBeyond(share);
    if (!stopping) await takeUpTo(share, team);
  }

  function noticeLoss(lease: Lease): void {
    const mine = owned.get(lease.partition);
    if (mine === undefined) return;
    if (lease.holder !== owner || lease.epoch !== mine.taken.claim.epoch) mine.lose();
  }

  function giveUpBeyond(share: number): void {
    const kept = [...owned.keys()].filter((partition) => !leaving.has(partition)).toSorted((a, b) => a - b);
    for (const partition of kept.slice(share)) giveUp(partition);
  }

  function giveUp(partition: number): void {
    const mine = owned.get(partition);
    if (mine === undefined || leaving.has(partition)) return;
    leaving.add(partition);
    mine.leave();
    const cancel = clock.schedule(milliseconds(LEAVE_WAIT_MS), mine.lose);
    void mine.ended.then(cancel);
  }

  async function takeUpTo(share: number, team: Team): Promise<void> {
    for (let partition = 0; partition < counts.requests; partition += 1) {
      if (stopping || owned.size - leaving.size >= share) return;
      if (!owned.has(partition) && isFree(partition, team)) await take(partition);
    }
  }

  function isFree(partition: number, team: Team): boolean {
    if ((cooling.get(partition)?.until ?? 0) > clock.monotonic()) return false;
    const lease = team.leases.find((known) => known.partition === partition);
    if (lease === undefined || lease.holder === null || lease.holder === owner) return true;
    return lease.until < clock.now();
  }

  async function take(partition: number): Promise<void> {
    const here = presence();
    const marks = ownerMarks(counts, owner, { group, partition, at: here.now });
    const taken = await store.claim(here, partition, marks);
    if (taken === null) return;
    const mine = ownPartition(wiring, taken, makeTask);
    owned.set(partition, mine);
    void mine.ended.then((end) => settle(mine, end));
  }

  async function settle(mine: OwnedPartition, end: PartitionEnd): Promise<void> {
    const { partition, epoch } = mine.taken.claim;
    owned.delete(partition);
    leaving.delete(partition);
    coolDown(partition, end);
    if (end.how !== "left") {
      operatorLog.warn("a partition was dropped", {
        group,
        partition,
        epoch,
        how: end.how,
        error: end.error,
      });
    }
    try {
      await store.release(mine.taken.claim);
    } catch (error) {
      // The lease runs out by itself; the round that follows tells whether the log is well.
      operatorLog.warn("a lease could not be given back", { group, partition, epoch, error });
    }
    waker.ring();
  }

  function coolDown(partition: number, end: PartitionEnd): void {
    cooling.get(partition)?.cancel();
    if (end.how !== "failed" || stopping) {
      cooling.delete(partition);
      return;
    }
    const failures = failuresInRow(cooling.get(partition)?.failures ?? 0, end);
    const wait = coolingAfter(failures);
    const cancel = clock.schedule(wait, waker.ring);
    cooling.set(partition, { failures, until: clock.monotonic() + wait, cancel });
  }

  async function attemptRound(): Promise<void> {
    try {
      await round();
    } catch (error) {
      if (!(error instanceof LogUnavailableError) && !(error instanceof LogFullError)) throw error;
      operatorLog.warn("no round of the group: the log takes nothing now", { group, error });
    }
  }

  const atWork = (): boolean => !stopping || owned.size > 0;

  async function run(): Promise<void> {
    try {
      while (atWork()) {
        const cancel = clock.schedule(milliseconds(leaseMs / HEARTBEATS_PER_LEASE), waker.ring);
        await attemptRound();
        if (atWork()) await waker.wait();
        cancel();
      }
      await store.leave(group, owner);
    } finally {
      stopping = true;
      silence();
      for (const { cancel } of cooling.values()) cancel();
      for (const mine of owned.values()) mine.lose();
      onEnd();
    }
  }

  const finished = run();
  finished.catch(failed.reject);
  // Whoever does not watch a worker learns of its end when it stops it.
  failed.promise.catch(() => undefined);
  return {
    owned: () => [...owned.keys()].toSorted((a, b) => a - b),
    ended: failed.promise,
    async stop() {
      stopping = true;
      for (const partition of owned.keys()) giveUp(partition);
      waker.ring();
      await finished.catch(() => undefined);
    },
  };
}
