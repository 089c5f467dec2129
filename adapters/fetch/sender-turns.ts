/** At most so many at once for each name, first come first served: one Sender's slow server takes no other's turn. */
export interface SenderTurns {
  /** Runs `work` in its turn. Throws `TurnsFullError` when too many wait, or the signal's reason. */
  inTurn<Result>(name: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result>;
}

/** Trying again later helps. */
export class TurnsFullError extends Error {
  readonly retryable = true;
  override readonly name = "TurnsFullError";
}

type Turns = { inside: number; readonly waiting: Set<() => void> };

export function createSenderTurns(atOnceMax: number, waitingMax: number): SenderTurns {
  const byName = new Map<string, Turns>();

  function turnsOf(name: string): Turns {
    const known = byName.get(name);
    if (known !== undefined) return known;
    const made: Turns = { inside: 0, waiting: new Set() };
    byName.set(name, made);
    return made;
  }

  async function enter(turns: Turns, signal: AbortSignal): Promise<void> {
    if (turns.inside < atOnceMax) {
      turns.inside += 1;
      return;
    }
    if (turns.waiting.size >= waitingMax) {
      throw new TurnsFullError(`fetch: ${waitingMax} fetches of this Sender wait already`);
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        turns.waiting.delete(go);
        reject(signal.reason);
      };
      const go = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      turns.waiting.add(go);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  function leave(name: string, turns: Turns): void {
    const [next] = turns.waiting;
    if (next !== undefined) {
      turns.waiting.delete(next);
      next();
      return;
    }
    turns.inside -= 1;
    if (turns.inside === 0) byName.delete(name);
  }

  return {
    async inTurn(name, signal, work) {
      signal.throwIfAborted();
      const turns = turnsOf(name);
      await enter(turns, signal);
      try {
        return await work();
      } finally {
        leave(name, turns);
      }
    },
  };
}
