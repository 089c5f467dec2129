/** `reveille keys`: lets the personal data of whole months go. */
import { type Command, EXIT, flagOption, requireOption, UsageError } from "./command.ts";

type OpenKeys = () => Promise<{ forgetBefore(month: string): Promise<number>; close(): Promise<void> }>;

const MONTH = /^\d{4}-(?:0[1-9]|1[0-2])$/;

export function createKeysCommand(open: OpenKeys): Command {
  return {
    name: "keys",
    usage: "keys forget --before MONTH --yes [--json]",
    summary:
      "Lets the personal data of old months go: numbers, programs, inputs and results of all Customers.",
    options: { before: { type: "string" }, yes: { type: "boolean" }, json: { type: "boolean" } },
    help: [
      ["--before MONTH", "e.g. 2026-05: everything sealed in April 2026 and earlier"],
      ["--yes", "do it; it can't be undone. Without it nothing is done"],
      ["--json", "answer as JSON"],
      ["", "Accounts keep their secrets. A Request of such a month that still waits will be refused."],
    ],
    positionals: { min: 1, max: 1 },
    async run(words, streams) {
      const [verb] = words.positionals;
      if (verb !== "forget") throw new UsageError(`there is no "keys ${verb}"; say keys forget`);
      const month = requireOption(words, "before");
      if (!MONTH.test(month)) throw new UsageError(`--before "${month}" is no month; give e.g. 2026-05`);
      if (!flagOption(words, "yes")) throw new UsageError(`add --yes to forget all months before ${month}`);
      const keys = await open();
      try {
        const dropped = await keys.forgetBefore(month);
        streams.out(
          flagOption(words, "json") ? JSON.stringify({ before: month, dropped }) : `${dropped} keys dropped`,
        );
        return EXIT.ok;
      } finally {
        await keys.close();
      }
    },
  };
}
