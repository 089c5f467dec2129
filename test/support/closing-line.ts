import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one line that any reader of logs understands: `N passed, N failed, N skipped`. */
export const closingLine: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    let broken = 0;
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
      if (module.errors().length > 0) broken += 1;
    }
    process.stdout.write(
      `${count.passed} passed, ${count.failed + broken} failed, ${count.skipped} skipped\n`,
    );
  },
};
