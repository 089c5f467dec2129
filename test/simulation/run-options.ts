/** What `npm run sim` is asked for. */
import { parseArgs } from "node:util";

export const HELP = `npm run sim -- [--seeds N] [--first S] [--shrink] [--verbose] [--json]
npm run sim -- --planted [--seeds N]

Runs the product's own dispatchers, telephony servers and gateway on a virtual clock, once per seed, with everything
failing that can fail, and checks what must hold (docs/simulation.md).

  --seeds N    how many seeds (200)
  --first S    the first of them (1)
  --shrink     makes each failing scenario small, and prints it
  --verbose    prints every violation, not just the first of a seed
  --json       one JSON object on standard output instead of lines
  --planted    plants each known bug in turn and counts the seeds that catch it
  --help       this

Failing seeds go to standard output, progress to standard error; the last line is "N seeds, F failures". The exit
code is 1 where a seed failed, or a planted bug was caught by none.
`;

export type RunOptions = {
  readonly seeds: number;
  readonly first: number;
  readonly shrink: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
  readonly planted: boolean;
  readonly help: boolean;
};

function requireCount(name: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new Error(`sim: --${name} ${text}: give a whole number above 0`);
}

export function parseRunOptions(args: readonly string[]): RunOptions {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: "string", default: "200" },
      first: { type: "string", default: "1" },
      shrink: flag,
      verbose: flag,
      json: flag,
      planted: flag,
      help: flag,
    },
  });
  const { seeds, first, ...flags } = values;
  return { ...flags, seeds: requireCount("seeds", seeds), first: requireCount("first", first) };
}
