/**
 * RFC 3550 A.1: is this sequence number believable after those before it? A source is taken up after two packets in a
 * row; a jump of 3,000 or more is believed only when the next packet continues it. Beyond the RFC, a packet
 * that came before is named a duplicate, so that loss and quality are counted on each packet once.
 */
const DROPOUT_MAX = 3_000;
const MISORDER_MAX = 100;
const SEQUENTIAL_MIN = 2;
const MODULUS = 0x1_0000;
/** A power of two above `MISORDER_MAX`. */
const REMEMBERED = 128;

export type SequenceVerdict =
  | "next" /** In order; packets may be missing before it. */
  | "reordered" /** Late, but inside the window. */
  | "restarted" /** A jump, confirmed by its successor: everything before is another stream. */
  | "probation"
  | "duplicate"
  | "bad-sequence";

export interface SequenceCheck {
  check(sequence: number): SequenceVerdict;
  /** Next to the last in-order packet: nothing was lost between it and the one before. */
  readonly contiguous: boolean;
  /** Highest sequence number, with the number of wraps above it. */
  readonly highest: number;
  /** How many packets the numbers say were sent since the stream was taken up (RFC 3550 A.3). */
  readonly expected: number;
}

export function createSequenceCheck(): SequenceCheck {
  const seen = new Int32Array(REMEMBERED).fill(-1);
  let probation = SEQUENTIAL_MIN;
  let base = 0;
  let highest = -1;
  let cycles = 0;
  let badNext = -1;
  let contiguous = false;

  function restart(sequence: number): void {
    seen.fill(-1);
    remember(sequence);
    base = sequence;
    highest = sequence;
    cycles = 0;
    badNext = -1;
    contiguous = false;
  }

  function remember(sequence: number): void {
    seen[sequence % REMEMBERED] = sequence;
  }

  function onProbation(sequence: number): SequenceVerdict {
    probation = highest === (sequence + MODULUS - 1) % MODULUS ? probation - 1 : SEQUENTIAL_MIN - 1;
    highest = sequence;
    if (probation > 0) return "probation";
    restart(sequence);
    return "restarted";
  }

  function forward(sequence: number, step: number): SequenceVerdict {
    if (sequence < highest) cycles += MODULUS;
    highest = sequence;
    contiguous = step === 1;
    badNext = -1;
    remember(sequence);
    return "next";
  }

  function afterJump(sequence: number): SequenceVerdict {
    const confirmed = sequence === badNext;
    badNext = (sequence + 1) % MODULUS;
    if (!confirmed) return "bad-sequence";
    restart(sequence);
    return "restarted";
  }

  return {
    check(sequence) {
      if (probation > 0) return onProbation(sequence);
      const step = (sequence - highest + MODULUS) % MODULUS;
      if (step === 0) return "duplicate";
      if (step < DROPOUT_MAX) return forward(sequence, step);
      if (step <= MODULUS - MISORDER_MAX) return afterJump(sequence);
      if (seen[sequence % REMEMBERED] === sequence) return "duplicate";
      remember(sequence);
      return "reordered";
    },
    get contiguous() {
      return contiguous;
    },
    get highest() {
      return cycles + Math.max(0, highest);
    },
    get expected() {
      return probation > 0 ? 0 : cycles + highest - base + 1;
    },
  };
}
