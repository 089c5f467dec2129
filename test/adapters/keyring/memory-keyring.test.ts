import { expect, test } from "vitest";
import { createMemoryKeyring } from "../../../adapters/keyring/memory-keyring.ts";
import { instant } from "../../../domain/kernel/time.ts";
import { describeKeyring } from "../../contract/keyring.ts";

describeKeyring("memory keyring", () => createMemoryKeyring());

function run(): Promise<string> {
  let next = 0;
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => (next = (next + 41) % 256));
  return createMemoryKeyring({ bytes }).seal("sender:acme", instant(0), "text");
}

test("with the simulator's die a run seals the same texts again", async () => {
  expect(await run()).toBe(await run());
});
