/**
 * Who owns which partition. The same number for all, the rest one each for the first by name; whoever owns a
 * partition keeps it within its share. A partition that must move is given to nobody for one round: its owner
 * finishes and gives it back, and the next round hands it on. So a partition changes hands between two commits,
 * and only a member that died or sleeps is shut out by fencing.
 */
import { fairShare } from "../fair-share.ts";
import type { Candidate, Shares } from "./kafka-driver.ts";

export function shareOut(candidates: readonly Candidate[], partitions: number): Shares {
  const members = candidates.map(({ member }) => member);
  const ranked = candidates.toSorted((a, b) => (a.member < b.member ? -1 : 1));
  const shares = new Map<string, number[]>(members.map((member) => [member, []]));
  const claimed = new Set<number>();
  for (const { member, owned } of ranked) {
    const mine = owned.filter(
      (partition) => partition >= 0 && partition < partitions && !claimed.has(partition),
    );
    for (const partition of mine) claimed.add(partition);
    shares.set(member, mine.toSorted((a, b) => a - b).slice(0, fairShare(members, member, partitions)));
  }
  const free = Array.from({ length: partitions }, (_, partition) => partition).filter(
    (one) => !claimed.has(one),
  );
  for (const { member } of ranked) {
    const share = shares.get(member) ?? [];
    share.push(...free.splice(0, fairShare(members, member, partitions) - share.length));
  }
  return shares;
}
