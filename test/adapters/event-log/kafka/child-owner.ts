/**
 * An owner in a process of its own, for tests that stop or kill it: one event per input, as the recorder does.
 * `node child-owner.ts <brokers> <prefix> <session ms>`; says "owns N" whenever it owns more or less.
 */
import { createKafkaLog } from "../../../../adapters/event-log/kafka/kafka-log.ts";
import { createKafkajsDriver } from "../../../../adapters/event-log/kafka/kafkajs-driver.ts";
import { EMBEDDED_PARTITIONS } from "../../../../adapters/event-log/partitions.ts";
import { createSystemClock } from "../../../../adapters/system/clock.ts";
import { createRecorder } from "../../../contract/event-log-recorder.ts";
import { createFakeOperatorLog } from "../../../support/fake-operator-log.ts";

const [brokers = "", prefix = "", sessionMs = ""] = process.argv.slice(2);
const log = createKafkaLog({
  driver: createKafkajsDriver({ brokers: brokers.split(","), clientId: "child" }),
  clock: createSystemClock(),
  owner: `child/${process.pid}`,
  operatorLog: createFakeOperatorLog(),
  prefix,
  counts: EMBEDDED_PARTITIONS,
  sessionMs: Number(sessionMs),
});
const recorder = createRecorder();
log.work("dispatcher", recorder.makeTask);
let owned = 0;
void recorder.until(() => {
  const now = recorder.living().length;
  if (now !== owned) process.stdout.write(`owns ${now}\n`);
  owned = now;
  return false;
});
// Whoever started it holds the other end: it must not outlive a test that was cut short.
process.stdin.on("end", () => process.exit(0)).resume();
