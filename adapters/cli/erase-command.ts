/** `reveille erase`: a Customer is forgotten. Its number is never printed, and need not stand in a process list. */
import { type CustomerKey, parseCustomerKey } from "../../domain/kernel/identifiers.ts";
import { maskPhoneNumber, type PhoneNumber, parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import type { Erased, Erasure } from "../../domain/ports/erasure.ts";
import { type Command, EXIT, flagOption, requireOption, UsageError } from "./command.ts";

type OpenErasure = () => Promise<Erasure & { close(): Promise<void> }>;

/** `readLine` gives the first line of standard input, without its end; null where there is none. */
export function createEraseCommand(open: OpenErasure, readLine: () => Promise<string | null>): Command {
  return {
    name: "erase",
    usage: "erase --customer NUMBER|- --yes [--json]",
    summary: "Forgets a Customer: nothing sealed of it can be read any more, open Requests are taken back.",
    options: { customer: { type: "string" }, yes: { type: "boolean" }, json: { type: "boolean" } },
    help: [
      ["--customer NUMBER", "the telephone number, e.g. +12125550123"],
      ["--customer -", "read it from standard input: it then stands in no list of processes"],
      ["", "A pseudonym (32 hexadecimal digits) does as well, after a restore."],
      ["--yes", "do it; it can't be undone. Without it nothing is done"],
      ["--json", "answer as JSON"],
      ["", "Works on the log itself, with the master key: run it where a role runs. Safe to repeat."],
    ],
    positionals: { min: 0, max: 0 },
    async run(words, streams) {
      const who = await readCustomer(requireOption(words, "customer"), readLine);
      if (!flagOption(words, "yes")) {
        throw new UsageError(`add --yes to forget ${shown(who)} for good`);
      }
      const erasure = await open();
      try {
        const erased = await erasure.erase(who);
        if (flagOption(words, "json")) streams.out(JSON.stringify(erased));
        else for (const line of describe(erased)) streams.out(line);
        return erased.isConfirmed && erased.stillCalling.length === 0 ? EXIT.ok : EXIT.failed;
      } finally {
        await erasure.close();
      }
    },
  };
}

async function readCustomer(
  given: string,
  readLine: () => Promise<string | null>,
): Promise<PhoneNumber | CustomerKey> {
  const text = (given === "-" ? await readLine() : given) ?? "";
  const who = parsePhoneNumber(text) ?? parseCustomerKey(text);
  // What was given is not repeated: it may be a number all the same, and this ends in logs.
  if (who === null) throw new UsageError("--customer is no number; give + and 7 to 15 digits, no spaces");
  return who;
}

function shown(who: PhoneNumber | CustomerKey): string {
  const number = parsePhoneNumber(who);
  return number === null ? who : maskPhoneNumber(number);
}

function describe({ customer, keys, takenBack, stillCalling, isConfirmed }: Erased): readonly string[] {
  const lines = [
    `${customer}: ${keys} data key${keys === 1 ? "" : "s"} dropped, ${takenBack.length} open Request${takenBack.length === 1 ? "" : "s"} taken back`,
  ];
  if (!isConfirmed) {
    lines.push(
      "No dispatcher has answered yet; what is open is taken back as soon as one runs. Then run this again.",
    );
  }
  if (stillCalling.length > 0) {
    lines.push("A call has not been reported as ended yet. Run this again when it is over.");
  }
  return lines;
}
