/** Rows 42 and 51 over Kafka: an owner that stands still, and a network that delays, swallows, deafens and resets. */
import { expect, test } from "vitest";
import { runChaos } from "../chaos/chaos.ts";
import { startKafkaStage } from "../chaos/kafka-stage.ts";
import { expectKept, SHORT_RUN } from "../chaos/short-run.ts";
import { whyNoKafka } from "../support/kafka-broker.ts";

const LENGTH_MS = 3_000;

test("owners cut off from their broker, or stopped, lose nothing that was acknowledged and call nobody twice (rows 42, 51)", async (context) => {
  const missing = whyNoKafka();
  if (missing !== null) context.skip(missing);
  const stage = await startKafkaStage(1);
  try {
    const result = await runChaos({
      ...SHORT_RUN,
      ...stage,
      log: "kafka",
      seconds: 24,
      everyMs: 1_000,
      script: [
        { target: "dispatcher-1", kind: "stop-4000" },
        { target: "network", mode: { is: "delay", ms: 500 }, lengthMs: LENGTH_MS },
        { target: "network", mode: { is: "silence" }, lengthMs: LENGTH_MS },
        { target: "network", mode: { is: "deaf" }, lengthMs: LENGTH_MS },
        { target: "network", mode: { is: "refuse" }, lengthMs: LENGTH_MS },
      ],
    });
    expectKept(result);
    expect(result.roles).toMatchObject([
      { role: "dispatcher", stops: 1 },
      { role: "network", stops: 4 },
    ]);
  } finally {
    await stage.stop();
  }
}, 300_000);
