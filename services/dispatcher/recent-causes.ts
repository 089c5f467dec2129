/**
 * The newest records of `requests` that are told again by their id alone: a refusal at the gate, a call that came
 * in. (A Request is told again by its message's digest, a fact by its number within the offer.) An append whose
 * acknowledgement was lost is repeated within seconds, so a few hundred ids are enough; they stand in a ring, whose
 * places are the keys of the changelog.
 */

/** Ids remembered in a partition; the oldest goes first. */
export const CAUSES_KEPT_MAX = 1_024;
const KEY = /^cause\/(\d+)$/;

export type RecentCauses = {
  has(id: string): boolean;
  add(id: string): void;
  /** From the changelog: answers whether the key was one of ours. */
  restore(key: string, id: string): boolean;
  /** Places that were filled since the last call. */
  takeAdded(): readonly { readonly key: string; readonly id: string }[];
};

export function createRecentCauses(): RecentCauses {
  const ring: string[] = [];
  const known = new Set<string>();
  /** By place: what was overwritten since need not be written down. */
  const added = new Map<number, string>();
  let next = 0;

  function put(place: number, id: string): void {
    const former = ring[place];
    if (former !== undefined) known.delete(former);
    ring[place] = id;
    known.add(id);
    next = (place + 1) % CAUSES_KEPT_MAX;
  }

  return {
    has: (id) => known.has(id),
    add(id) {
      if (known.has(id)) return;
      added.delete(next);
      added.set(next, id);
      put(next, id);
    },
    restore(key, id) {
      const place = KEY.exec(key)?.[1];
      // In the log's order: the last that is read is the newest, and the ring goes on after it.
      if (place !== undefined) put(Number(place) % CAUSES_KEPT_MAX, id);
      return place !== undefined;
    },
    takeAdded() {
      const taken = [...added].map(([place, id]) => ({ key: `cause/${place}`, id }));
      added.clear();
      return taken;
    },
  };
}
