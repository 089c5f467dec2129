/** A latch between those who make changes and one who waits for them: a ring is never lost, and rings add up to one. */
export type Waker = {
  readonly ring: () => void;
  /** Resolves at the next ring, or at once if it rang since the last wait. */
  readonly wait: () => Promise<void>;
};

export function createWaker(): Waker {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async wait() {
      if (!rung) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      rung = false;
      wake = null;
    },
  };
}
