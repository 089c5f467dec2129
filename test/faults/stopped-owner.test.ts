/** Row 42: an owner that stands still for longer than its lease, while another takes its partitions, and wakes. */
import { expect, test } from "vitest";
import { runChaos } from "../chaos/chaos.ts";
import { expectKept, SHORT_RUN } from "../chaos/short-run.ts";

test("a telephony server that was stopped until it was declared gone calls nobody late when it wakes (row 42)", async () => {
  const result = await runChaos({
    ...SHORT_RUN,
    seconds: 20,
    everyMs: 1_000,
    // Longer than the silence after which it is gone; what it was granted meanwhile is no longer its own.
    script: [{ target: "telephony-1", kind: "stop-10000" }],
  });
  expectKept(result, 1);
}, 240_000);

test("a dispatcher that was stopped past its lease and wakes again commits nothing more, and nobody is called twice (row 42)", async () => {
  const result = await runChaos({
    ...SHORT_RUN,
    seconds: 16,
    everyMs: 1_000,
    script: [
      { target: "dispatcher-1", kind: "stop-4000" },
      { target: "dispatcher-2", kind: "stop-4000" },
    ],
  });
  expectKept(result);
  expect(result.roles).toMatchObject([{ role: "dispatcher", kills: 0, stops: 2 }]);
}, 240_000);
