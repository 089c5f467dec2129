/** A binary heap: `before` says which of two leaves first. */
export type Heap<T> = {
  push(value: T): void;
  /** The first to leave, removed; null when empty. */
  pop(): T | null;
  peek(): T | null;
  size(): number;
};

export function createHeap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const values: T[] = [];

  /** Swaps two places when the first should leave before the second. */
  function settle(child: number, parent: number): boolean {
    const [low, high] = [values[child], values[parent]];
    if (low === undefined || high === undefined || !before(low, high)) return false;
    values[parent] = low;
    values[child] = high;
    return true;
  }

  function rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!settle(at, parent)) return;
      at = parent;
    }
  }

  function firstChild(at: number): number {
    const [left, right] = [values[2 * at + 1], values[2 * at + 2]];
    return left !== undefined && right !== undefined && before(right, left) ? 2 * at + 2 : 2 * at + 1;
  }

  function sink(): void {
    for (let at = 0; ; ) {
      const child = firstChild(at);
      if (!settle(child, at)) return;
      at = child;
    }
  }

  return {
    push(value) {
      values.push(value);
      rise(values.length - 1);
    },
    pop() {
      const first = values[0];
      const last = values.pop();
      if (first === undefined || last === undefined) return null;
      if (values.length > 0) {
        values[0] = last;
        sink();
      }
      return first;
    },
    peek: () => values[0] ?? null,
    size: () => values.length,
  };
}
