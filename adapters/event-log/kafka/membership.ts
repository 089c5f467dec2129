/**
 * One member of a group: joins, learns its partitions, shows that it lives, and joins again whenever the group
 * is shared out anew. It keeps working meanwhile: what protects a partition is its writer's fence, not the group.
 */
import { type Milliseconds, milliseconds } from "../../../domain/kernel/time.ts";
import type { Clock } from "../../../domain/ports/clock.ts";
import { LogUnavailableError } from "../../../domain/ports/event-log.ts";
import { createWaker } from "../waker.ts";
import { type GroupLink, NoLongerMemberError, RebalancingError, type Seat } from "./kafka-driver.ts";
import { shareOut } from "./sticky-shares.ts";

/** Heartbeats within one session: two may be late. */
const HEARTBEATS_PER_SESSION = 3;
const TRY_AGAIN_MS = milliseconds(200);

/** What the worker does for its membership. */
export type MemberDuties = {
  readonly owned: () => readonly number[];
  /** Takes what is new and gives back what is missing; resolves when that is given back. True: some was. */
  readonly assigned: (partitions: readonly number[]) => Promise<boolean>;
  /** The group still counts on this member. */
  readonly alive: () => void;
  /** The group went on without it: everything belongs to others. */
  readonly expelled: () => void;
  /** Positions to be told to the group since the last call, as Kafka counts. */
  readonly takePositions: () => ReadonlyMap<number, number>;
  readonly trouble: (error: unknown) => void;
};

export type Membership = {
  /** Resolves after `stop`; rejects when the brokers refuse for good. */
  readonly ended: Promise<void>;
  /** Do not wait for the next heartbeat. */
  readonly hurry: () => void;
  /** Leaves the group. Everything must have been given back. */
  readonly stop: () => void;
};

export function startMembership(
  link: GroupLink,
  settings: { readonly clock: Clock; readonly sessionMs: number; readonly partitions: number },
  duties: MemberDuties,
): Membership {
  const { clock, partitions } = settings;
  const heartbeatMs = milliseconds(settings.sessionMs / HEARTBEATS_PER_SESSION);
  const waker = createWaker();
  let member = "";
  let stopping = false;
  const isStopping = (): boolean => stopping;

  async function wait(delay: Milliseconds): Promise<void> {
    const cancel = clock.schedule(delay, waker.ring);
    await waker.wait();
    cancel();
  }

  async function join(): Promise<Seat> {
    const joined = await link.join({ member, owned: duties.owned() });
    member = joined.member;
    const seat = { member, generation: joined.generation };
    const shares = joined.candidates === null ? new Map() : shareOut(joined.candidates, partitions);
    const mine = await link.sync(seat, shares);
    const gaveBack = await duties.assigned(stopping ? [] : mine);
    await tellPositions(seat);
    // What was given back waits for the next round to be handed on.
    if (gaveBack && !stopping) throw new RebalancingError("partitions were given back");
    return seat;
  }

  async function tellPositions(seat: Seat): Promise<void> {
    const positions = duties.takePositions();
    // Monitors read them; what a restore goes by stands in the log itself.
    if (positions.size > 0) await link.commitPositions(seat, positions);
  }

  async function attend(seat: Seat): Promise<void> {
    while (!isStopping()) {
      await wait(heartbeatMs);
      await link.heartbeat(seat);
      duties.alive();
      await tellPositions(seat);
    }
  }

  async function round(): Promise<void> {
    try {
      const seat = await join();
      duties.alive();
      await attend(seat);
    } catch (error) {
      if (error instanceof RebalancingError) return;
      if (error instanceof NoLongerMemberError) {
        member = "";
        duties.expelled();
        return;
      }
      duties.trouble(error);
      if (!(error instanceof LogUnavailableError)) throw error;
      if (!stopping) await wait(TRY_AGAIN_MS);
    }
  }

  async function leave(): Promise<void> {
    if (member === "") return;
    try {
      await link.leave(member);
    } catch (error) {
      // The session runs out by itself.
      duties.trouble(error);
    }
  }

  async function run(): Promise<void> {
    try {
      while (!isStopping()) await round();
      await leave();
    } finally {
      await link.close();
    }
  }

  return {
    ended: run(),
    hurry: waker.ring,
    stop() {
      stopping = true;
      waker.ring();
    },
  };
}
