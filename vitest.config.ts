import { defineConfig } from "vitest/config";
import { closingLine } from "./test/support/closing-line.ts";

/** Suites with real processes, programs and media: their clocks are real, so they get the machine for themselves. */
const REAL_TIME = [
  "test/e2e/**/*.test.ts",
  "test/interop/**/*.test.ts",
  "test/chaos/**/*.test.ts",
  "test/faults/**/*.test.ts",
  "test/**/*.kafka.test.ts",
];

const shared = {
  // Suites that start processes, sockets or wasm take their time on a two-core machine; none may hang.
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    reporters: ["default", closingLine],
    projects: [
      {
        test: {
          ...shared,
          name: "house",
          include: ["test/**/*.test.ts"],
          exclude: REAL_TIME,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: "real-time",
          include: REAL_TIME,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
