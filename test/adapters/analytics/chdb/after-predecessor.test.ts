import { expect, test } from "vitest";
import { afterPredecessor } from "../../../../adapters/analytics/chdb/after-predecessor.ts";
import { DirectoryInUseError } from "../../../../adapters/analytics/chdb/directory-lock.ts";

const held = (): never => {
  throw new DirectoryInUseError("held by process 1");
};

test("an engine waits until the one before it has closed its files", async () => {
  const answers = [
    new DirectoryInUseError("held"),
    new Error("Failed to create connection for path '/data'"),
  ];
  const opened = await afterPredecessor(() => {
    const error = answers.shift();
    if (error !== undefined) throw error;
    return "open";
  });
  expect(opened).toBe("open");
});

test("an engine that does not go away is told after the patience is over", async () => {
  await expect(afterPredecessor(held, 150)).rejects.toThrow("held by process 1");
});

test("any other fault is told at once", async () => {
  let tries = 0;
  const broken = (): never => {
    tries += 1;
    throw new Error("chdb is not installed");
  };
  await expect(afterPredecessor(broken)).rejects.toThrow("not installed");
  expect(tries).toBe(1);
});
