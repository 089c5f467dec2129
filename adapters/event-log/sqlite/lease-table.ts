/**
 * Who owns what. Leases run by the wall clock, which may step: a step can only cause an early takeover, and the
 * epoch that every commit checks keeps that harmless. All writes happen within the caller's transaction.
 */
import type { DatabaseSync } from "node:sqlite";
import { instant } from "../../../domain/kernel/time.ts";
import { OwnershipLostError } from "../../../domain/ports/event-log.ts";
import type { Claim, Lease, Presence, Team } from "../log-store.ts";

export type LeaseTable = {
  /** Throws `OwnershipLostError` unless the claim still holds. */
  require(claim: Claim): void;
  advance(claim: Claim, handledUpTo: number): void;
  committedOffset(group: string, partition: number): number | null;
  attend(presence: Presence): Team;
  /** The new epoch; null where somebody else holds the partition. */
  take(presence: Presence, partition: number): number | null;
  release(claim: Claim): void;
  leave(group: string, member: string): void;
  teamVersion(group: string): number;
};

type LeaseRow = { part: number; holder: string | null; epoch: number; until: number };

export function createLeaseTable(db: DatabaseSync): LeaseTable {
  const holds = db.prepare("SELECT 1 FROM lease WHERE grp = ? AND part = ? AND holder = ? AND epoch = ?");
  const advance = db.prepare(
    "INSERT INTO position VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET handled = max(handled, excluded.handled)",
  );
  const position = db.prepare("SELECT handled FROM position WHERE grp = ? AND part = ?");
  const expire = db.prepare("DELETE FROM member WHERE grp = ? AND until < ?");
  const knows = db.prepare("SELECT 1 FROM member WHERE grp = ? AND name = ?");
  const join = db.prepare(
    "INSERT INTO member VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET until = excluded.until",
  );
  const renew = db.prepare("UPDATE lease SET until = ? WHERE grp = ? AND holder = ?");
  const members = db.prepare("SELECT name FROM member WHERE grp = ?");
  const leases = db.prepare("SELECT part, holder, epoch, until FROM lease WHERE grp = ?");
  const take = db.prepare(
    `INSERT INTO lease VALUES (:grp, :part, :holder, 1, :until)
     ON CONFLICT DO UPDATE SET holder = :holder, epoch = epoch + 1, until = :until
     WHERE holder IS NULL OR holder = :holder OR until < :now
     RETURNING epoch`,
  );
  const release = db.prepare(
    "UPDATE lease SET holder = NULL WHERE grp = ? AND part = ? AND holder = ? AND epoch = ?",
  );
  const leave = db.prepare("DELETE FROM member WHERE grp = ? AND name = ?");
  const bump = db.prepare("INSERT INTO team VALUES (?, 1) ON CONFLICT DO UPDATE SET version = version + 1");
  const version = db.prepare("SELECT version FROM team WHERE grp = ?");

  return {
    require({ group, partition, member, epoch }) {
      if (holds.get(group, partition, member, epoch) !== undefined) return;
      throw new OwnershipLostError(`partition ${partition}: epoch ${epoch} of ${member} has been superseded`);
    },
    advance: ({ group, partition }, handledUpTo) => void advance.run(group, partition, handledUpTo),
    committedOffset: (group, partition) => numberOf(position.get(group, partition)?.["handled"]),
    attend({ group, member, now, until }) {
      expire.run(group, now);
      if (knows.get(group, member) === undefined) bump.run(group);
      join.run(group, member, until);
      renew.run(until, group, member);
      return {
        members: (members.all(group) as { name: string }[]).map((row) => row.name),
        leases: (leases.all(group) as LeaseRow[]).map(toLease),
      };
    },
    take({ group, member, now, until }, partition) {
      const taken = take.get({ grp: group, part: partition, holder: member, until, now });
      return numberOf(taken?.["epoch"]);
    },
    release({ group, partition, member, epoch }) {
      if (release.run(group, partition, member, epoch).changes > 0) bump.run(group);
    },
    leave(group, member) {
      if (leave.run(group, member).changes > 0) bump.run(group);
    },
    teamVersion: (group) => numberOf(version.get(group)?.["version"]) ?? 0,
  };
}

function toLease({ part, holder, epoch, until }: LeaseRow): Lease {
  return { partition: part, holder, epoch, until: instant(until) };
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
