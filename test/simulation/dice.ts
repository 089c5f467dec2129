/** The one source of chance of a run: everything random is drawn from it, in the order in which things happen. */
export type Dice = {
  /** Uniform in [0, 1). */
  draw(): number;
  /** Whole number, both ends included. */
  between(least: number, most: number): number;
  happens(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  bytes(count: number): Uint8Array;
};

/** mulberry32: 32 bits of state, good enough to explore and the same on every machine. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  function draw(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
  const between = (least: number, most: number): number => least + Math.floor(draw() * (most - least + 1));
  return {
    draw,
    between,
    happens: (probability) => draw() < probability,
    pick(from) {
      const picked = from[Math.floor(draw() * from.length)];
      if (picked === undefined) throw new Error("the simulator picked from nothing: check the scenario");
      return picked;
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(draw() * 256)),
  };
}
