import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { whyNoKafka } from "../support/kafka-broker.ts";
import { interruptDemo } from "./interrupted-demo.ts";

test.for([
  { when: "while its broker starts", sign: "Starting a Kafka broker" },
  { when: "in the middle of the call", sign: "CallAnswered" },
])(
  "Ctrl-C $when ends the demo on Kafka soon, and leaves no process and no file behind",
  { timeout: 90_000 },
  async ({ sign }, context) => {
    const missing = whyNoKafka();
    if (missing !== null) context.skip(missing);
    if (!existsSync("/proc/self/environ")) context.skip("this system does not show whose child a process is");
    const { code, out, files, processes } = await interruptDemo(["--kafka"], sign);
    expect(code).toBe(130);
    expect(out).not.toContain("Done after");
    expect(files).toEqual([]);
    expect(processes).toEqual([]);
  },
);
