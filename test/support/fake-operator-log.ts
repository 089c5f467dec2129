import type { LogFacts, OperatorLog } from "../../domain/ports/operator-log.ts";

export type FakeOperatorLog = OperatorLog & {
  readonly lines: { readonly level: string; readonly what: string; readonly facts: LogFacts }[];
};

export function createFakeOperatorLog(): FakeOperatorLog {
  const lines: { level: string; what: string; facts: LogFacts }[] = [];
  const write =
    (level: string) =>
    (what: string, facts: LogFacts = {}): void => {
      lines.push({ level, what, facts });
    };
  return { lines, info: write("info"), warn: write("warn"), error: write("error") };
}
