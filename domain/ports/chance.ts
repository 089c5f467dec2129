/** Randomness as an outside thing, seeded in the simulator. */
export interface Chance {
  /** Uniform in [0, 1). */
  draw(): number;
  /** A ULID: 26 characters, sorted by time of making. */
  ulid(): string;
  /** Unpredictable bytes, for secrets and nonces. */
  bytes(count: number): Uint8Array;
}
