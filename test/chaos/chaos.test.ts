/** The short form of `npm run chaos`: half a minute of kills, then peace, then every invariant. */
import { expect, test } from "vitest";
import { whyNoKafka } from "../support/kafka-broker.ts";
import { runChaos } from "./chaos.ts";
import { startKafkaStage } from "./kafka-stage.ts";
import { expectKept, SHORT_RUN } from "./short-run.ts";

/** On a machine that does much else beside. */
const RUN_MS_MAX = 240_000;

test(
  "roles that are killed -9 lose nothing that was acknowledged and call nobody twice at once (I11, I13, L03, L08, L16)",
  async () => {
    const result = await runChaos(SHORT_RUN);
    expectKept(result);
    expect(result.roles.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThan(1);
  },
  RUN_MS_MAX,
);

test(
  "neither do they over Kafka, whose broker is killed too (I11, I13, L03, L08, L16)",
  async (context) => {
    const missing = whyNoKafka();
    if (missing !== null) context.skip(missing);
    const stage = await startKafkaStage(1);
    try {
      const script = [
        { target: "telephony-1", kind: "kill" },
        { target: "dispatcher-1", kind: "kill" },
        { target: "broker", kind: "kill" },
        { target: "gateway", kind: "kill-twice" },
        { target: "all", kind: "kill" },
      ] as const;
      const result = await runChaos({ ...SHORT_RUN, ...stage, log: "kafka", script });
      expectKept(result);
      expect(result.strikes.map(({ role }) => role)).toContain("broker");
    } finally {
      await stage.stop();
    }
  },
  RUN_MS_MAX,
);
