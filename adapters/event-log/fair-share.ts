/**
 * How many partitions a member may hold: the same for all, the rest one each for the first by name. Everyone
 * works it out alike from the list of members, so nobody needs to lead.
 */
export function fairShare(members: readonly string[], member: string, partitions: number): number {
  const ranked = members.toSorted();
  const rank = ranked.indexOf(member);
  if (rank < 0) return 0;
  const rest = partitions % ranked.length;
  return Math.floor(partitions / ranked.length) + (rank < rest ? 1 : 0);
}
