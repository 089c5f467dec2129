import { expect, test } from "vitest";
import { runCommand } from "../../../adapters/cli/command.ts";
import { createEraseCommand } from "../../../adapters/cli/erase-command.ts";
import { createKeysCommand } from "../../../adapters/cli/keys-command.ts";
import type { CustomerKey, RequestId } from "../../../domain/kernel/identifiers.ts";
import type { Erased } from "../../../domain/ports/erasure.ts";

const NUMBER = "+4930123456";
const CUSTOMER = "a1".repeat(16) as CustomerKey;
const DONE: Erased = { customer: CUSTOMER, keys: 2, takenBack: [], stillCalling: [], isConfirmed: true };

type Ran = { readonly code: number; readonly said: string; readonly erased: readonly string[] };

async function erase(
  words: readonly string[],
  answer: Partial<Erased> = {},
  line: string | null = null,
): Promise<Ran> {
  const erased: string[] = [];
  let said = "";
  const write = (text: string): void => void (said += `${text}\n`);
  const open = async () => ({
    erase: async (who: string) => {
      erased.push(who);
      return { ...DONE, ...answer };
    },
    close: () => Promise.resolve(),
  });
  const command = createEraseCommand(open, () => Promise.resolve(line));
  const code = await runCommand([command], ["erase", ...words], { out: write, err: write });
  return { code, said, erased };
}

test("a number, a line of standard input, or a pseudonym says who is to be forgotten", async () => {
  const ran = [
    await erase(["--customer", NUMBER, "--yes"]),
    await erase(["--customer", "-", "--yes"], {}, NUMBER),
    await erase(["--customer", CUSTOMER, "--yes"]),
  ];
  expect(ran.map(({ erased }) => erased)).toEqual([[NUMBER], [NUMBER], [CUSTOMER]]);
  expect(ran.map(({ code }) => code)).toEqual([0, 0, 0]);
  for (const { said } of ran)
    expect(said).toBe(`${CUSTOMER}: 2 data keys dropped, 0 open Requests taken back\n`);
});

test.each([
  ["no --yes", ["--customer", NUMBER], null],
  ["no number", ["--customer", "4930123456", "--yes"], null],
  ["an empty standard input", ["--customer", "-", "--yes"], null],
  ["nobody named", ["--yes"], null],
])("with %s nothing is done, and no number repeated", async (_, words, line) => {
  const { code, said, erased } = await erase(words, {}, line);
  expect([code, erased]).toEqual([2, []]);
  expect(said).not.toContain("4930123456");
});

test("what is not finished is said, and is exit code 1", async () => {
  const unconfirmed = await erase(["--customer", NUMBER, "--yes"], { isConfirmed: false });
  expect([unconfirmed.code, unconfirmed.said]).toEqual([
    1,
    expect.stringContaining("No dispatcher has answered"),
  ]);
  const request = "rq_x" as RequestId;
  const calling = await erase(["--customer", NUMBER, "--yes"], {
    takenBack: [request],
    stillCalling: [request],
  });
  expect([calling.code, calling.said]).toEqual([
    1,
    expect.stringContaining("Run this again when it is over"),
  ]);
});

test("as JSON it is the whole answer", async () => {
  const { said } = await erase(["--customer", NUMBER, "--yes", "--json"]);
  expect(JSON.parse(said)).toEqual(DONE);
});

async function forget(
  words: readonly string[],
): Promise<{ code: number; said: string; months: readonly string[] }> {
  const months: string[] = [];
  let said = "";
  const write = (text: string): void => void (said += `${text}\n`);
  const command = createKeysCommand(async () => ({
    forgetBefore: async (month) => months.push(month),
    close: () => Promise.resolve(),
  }));
  const code = await runCommand([command], ["keys", ...words], { out: write, err: write });
  return { code, said, months };
}

test("keys forget wants a verb, a month and a yes", async () => {
  for (const words of [
    ["forget"],
    ["forget", "--before", "2026-13", "--yes"],
    ["forget", "--before", "2026-05"],
    ["drop", "--before", "2026-05", "--yes"],
  ]) {
    expect(await forget(words)).toMatchObject({ code: 2, months: [] });
  }
  expect(await forget(["forget", "--before", "2026-05", "--yes"])).toEqual({
    code: 0,
    said: "1 keys dropped\n",
    months: ["2026-05"],
  });
});
