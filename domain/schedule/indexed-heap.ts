/**
 * A binary heap that also knows where each id stands, so that a cancelled Request leaves at once and not when
 * its turn would have come. All of it is O(log n); ids are unique.
 */
export interface IndexedHeap<Entry extends { readonly id: string }> {
  readonly size: number;
  /** Puts the entry in, replacing the one of the same id. */
  set(entry: Entry): void;
  get(id: string): Entry | null;
  first(): Entry | null;
  takeFirst(): Entry | null;
  /** Whether it was there. */
  remove(id: string): boolean;
}

/** `before` must be a strict total order: break every tie, by the id at last. */
export function createIndexedHeap<Entry extends { readonly id: string }>(
  before: (a: Entry, b: Entry) => boolean,
): IndexedHeap<Entry> {
  const entries: Entry[] = [];
  const places = new Map<string, number>();

  function put(entry: Entry, place: number): void {
    entries[place] = entry;
    places.set(entry.id, place);
  }

  function rise(entry: Entry, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = entries[above];
      if (parent === undefined || !before(entry, parent)) break;
      put(parent, place);
      place = above;
    }
    put(entry, place);
  }

  function sink(entry: Entry, from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      const right = left + 1;
      const [a, b] = [entries[left], entries[right]];
      if (a === undefined) break;
      const [child, at] = b !== undefined && before(b, a) ? [b, right] : [a, left];
      if (!before(child, entry)) break;
      put(child, place);
      place = at;
    }
    put(entry, place);
  }

  /** Lets `entry` find its place from `place` on, upwards or downwards. */
  function settle(entry: Entry, place: number): void {
    const parent = place === 0 ? undefined : entries[(place - 1) >> 1];
    if (parent !== undefined && before(entry, parent)) rise(entry, place);
    else sink(entry, place);
  }

  function removeAt(place: number): void {
    const gone = entries[place];
    const last = entries.pop();
    if (gone === undefined || last === undefined) return;
    places.delete(gone.id);
    if (last !== gone) settle(last, place);
  }

  return {
    get size() {
      return entries.length;
    },
    set(entry) {
      const place = places.get(entry.id);
      if (place === undefined) rise(entry, entries.length);
      else settle(entry, place);
    },
    get(id) {
      const place = places.get(id);
      return place === undefined ? null : (entries[place] ?? null);
    },
    first: () => entries[0] ?? null,
    takeFirst() {
      const first = entries[0] ?? null;
      if (first !== null) removeAt(0);
      return first;
    },
    remove(id) {
      const place = places.get(id);
      if (place === undefined) return false;
      removeAt(place);
      return true;
    },
  };
}
