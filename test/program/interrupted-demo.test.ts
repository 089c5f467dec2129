import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { interruptDemo } from "./interrupted-demo.ts";

test.for([
  { when: "while it starts", sign: "Starting gateway" },
  { when: "in the middle of the call", sign: "CallAnswered" },
])(
  "Ctrl-C $when ends the demo soon, and leaves no process and no file behind",
  { timeout: 60_000 },
  async ({ sign }, context) => {
    if (!existsSync("/proc/self/environ")) context.skip("this system does not show whose child a process is");
    const { code, out, files, processes } = await interruptDemo([], sign);
    expect(code).toBe(130);
    expect(out).not.toContain("Done after");
    expect(files).toEqual([]);
    expect(processes).toEqual([]);
  },
);
