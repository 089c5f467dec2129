/**
 * Who owns which partition. Owners learn late that they have lost one, so two may be at work at once; only the
 * epoch in each commit tells them apart.
 */
import { ownerMarkEntry } from "../../adapters/event-log/owner-marks.ts";
import { instant } from "../../domain/kernel/time.ts";
import type { Ownership, Task, Worker } from "../../domain/ports/event-log.ts";
import type { Dice } from "./dice.ts";
import { type Incarnation, START } from "./incarnation.ts";
import type { LogWorld } from "./log-world.ts";
import { type OwnedPartition, ownPartition } from "./owned-partition.ts";
import { PARTITIONS, type SimStore } from "./sim-store.ts";
import type { Timeline } from "./timeline.ts";

type Member = {
  readonly world: LogWorld;
  readonly life: Incarnation;
  readonly makeTask: (ownership: Ownership) => Task;
  readonly owned: Map<number, OwnedPartition>;
};

export type Coordinator = {
  join(world: LogWorld, life: Incarnation, makeTask: (ownership: Ownership) => Task): Worker;
  /** Shares everything out anew, on purpose or because somebody came or went. */
  rebalance(): void;
};

const NOTICE_MS_MAX = 3_000;
const SETTLE_MS_MAX = 1_000;

export function createCoordinator(timeline: Timeline, dice: Dice, store: SimStore): Coordinator {
  const members = new Set<Member>();
  let planned = false;

  /** Nobody takes anything from a log that is down. */
  const isUp = (): boolean => [...members].some(({ world }) => !world.isDown("events"));
  const isPresent = ({ life }: Member): boolean => life.alive && life.pausedUntil <= timeline.now();

  function plan(): void {
    if (planned) return;
    planned = true;
    timeline.at(dice.between(1, SETTLE_MS_MAX), null, () => {
      planned = false;
      if (isUp()) shareOut();
      else plan();
    });
  }

  function shareOut(): void {
    for (const member of members) if (!member.life.alive) members.delete(member);
    const present = [...members].filter(isPresent);
    if (present.length === 0) return;
    for (let partition = 0; partition < PARTITIONS; partition += 1) give(partition, dice.pick(present));
  }

  /** Its owner gave up on it: taken up again, by anybody, unless that has happened meanwhile. */
  function takeUpAgain(partition: number, epoch: number): void {
    timeline.at(dice.between(50, SETTLE_MS_MAX), null, () => {
      if (store.lease(partition).epoch !== epoch) return;
      const present = [...members].filter(isPresent);
      if (present.length > 0 && isUp()) give(partition, dice.pick(present));
      else takeUpAgain(partition, epoch);
    });
  }

  function give(partition: number, member: Member): void {
    const { epoch, holder } = store.lease(partition);
    for (const other of members) {
      const owned = other.owned.get(partition);
      if (owned === undefined) continue;
      other.owned.delete(partition);
      // Its heartbeat will tell it, some time.
      timeline.at(dice.between(0, NOTICE_MS_MAX), other.life, owned.lose);
    }
    const next = epoch + 1;
    store.setLease(partition, { holder: member.life, epoch: next });
    const marks = mark(partition, next, holder === null ? "first" : member.life.name);
    store.write({ state: [marks], events: [marks] });
    const taken = {
      partition,
      epoch: next,
      stateMark: store.records("state", partition).length - 1,
      eventsMark: store.records("events", partition).length - 1,
    };
    const owned = ownPartition(member.world, member.life, taken, member.makeTask, () => {
      if (member.owned.get(partition) === owned) member.owned.delete(partition);
      if (store.lease(partition).epoch === next) takeUpAgain(partition, next);
    });
    member.owned.set(partition, owned);
  }

  function mark(partition: number, epoch: number, owner: string) {
    const id = `mark-${partition}-${epoch}`;
    const at = instant(START + timeline.now());
    return ownerMarkEntry(id, { owner, partition, epoch, at });
  }

  return {
    rebalance: plan,
    join(world, life, makeTask) {
      const member: Member = { world, life, makeTask, owned: new Map() };
      members.add(member);
      plan();
      return {
        owned: () => [...member.owned.keys()],
        ended: new Promise(() => undefined),
        stop() {
          members.delete(member);
          return Promise.resolve();
        },
      };
    },
  };
}
