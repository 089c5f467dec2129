/**
 * What a bench says when it is done: one JSON line. Absolute figures are of one machine on one day; what carries
 * over is the ratio to a peer or a floor that was measured in the same run.
 */

/** A bound on a figure, or on the ratio. */
export type Goal = {
  readonly figure: string;
  readonly atLeast?: number;
  readonly atMost?: number;
};

export type BenchLine = {
  readonly name: string;
  /** Units are in the names. */
  readonly figures: Readonly<Record<string, number>>;
  /** Ours divided by the floor's, or the floor's by ours: more is better. Null: nothing to compare with. */
  readonly ratio: number | null;
  /** What the ratio is of. */
  readonly against: string;
  readonly goal: string;
  readonly met: boolean;
  /** Repeats this line. */
  readonly command: string;
};

export type BenchResult = Omit<BenchLine, "goal" | "met"> & { readonly goals: readonly Goal[] };

/** Why a bench could not run here; printed in place of its line. */
export type SkippedBench = { readonly name: string; readonly skipped: string; readonly command: string };

/** A figure that is missing or no number misses its goal. */
export function judgeBench({ goals, ...result }: BenchResult): BenchLine {
  const figures = Object.fromEntries(
    Object.entries(result.figures).map(([name, value]) => [name, toThreeDigits(value)]),
  );
  const ratio = result.ratio === null ? null : toThreeDigits(result.ratio);
  const measured: Readonly<Record<string, number | null>> = { ...figures, ratio };
  return {
    ...result,
    figures,
    ratio,
    goal: goals.map(describeGoal).join(", "),
    met: goals.every((goal) => isMet(goal, measured[goal.figure] ?? Number.NaN)),
  };
}

function isMet({ atLeast = Number.NEGATIVE_INFINITY, atMost = Infinity }: Goal, value: number): boolean {
  return value >= atLeast && value <= atMost;
}

function describeGoal({ figure, atLeast, atMost }: Goal): string {
  const bounds = [
    ...(atLeast === undefined ? [] : [`>= ${atLeast}`]),
    ...(atMost === undefined ? [] : [`<= ${atMost}`]),
  ];
  return `${figure} ${bounds.join(" and ")}`;
}

/** Three significant digits: the runs differ by more than the fourth. Whole numbers stay whole. */
export function toThreeDigits(value: number): number {
  return Number.isInteger(value) || Math.abs(value) >= 1_000
    ? Math.round(value)
    : Number(value.toPrecision(3));
}

/** The one thing that a bench writes to standard output. */
export function printBench(result: BenchResult): void {
  process.stdout.write(`${JSON.stringify(judgeBench(result))}\n`);
}

export function printSkipped(skipped: SkippedBench): void {
  process.stdout.write(`${JSON.stringify(skipped)}\n`);
}

/** What `printBench` or `printSkipped` wrote; null for anything else. */
export function parseBenchLine(text: string): BenchLine | SkippedBench | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("name" in value)) return null;
    return "skipped" in value || ("figures" in value && "met" in value) ? (value as BenchLine) : null;
  } catch {
    return null;
  }
}
