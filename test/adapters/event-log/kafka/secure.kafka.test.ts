/** The way into a cluster that is locked: TLS by an authority of one's own, and a login. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyTopics } from "../../../../adapters/event-log/kafka/apply-topics.ts";
import { KafkaRefusalError } from "../../../../adapters/event-log/kafka/kafka-driver.ts";
import { createKafkaLog } from "../../../../adapters/event-log/kafka/kafka-log.ts";
import type { KafkaConnection } from "../../../../adapters/event-log/kafka/kafkajs-client.ts";
import { createKafkajsDriver } from "../../../../adapters/event-log/kafka/kafkajs-driver.ts";
import { planTopics } from "../../../../adapters/event-log/kafka/topics.ts";
import { EMBEDDED_PARTITIONS } from "../../../../adapters/event-log/partitions.ts";
import { type Brokers, startBrokers } from "../../../../deploy/kafka/brokers.ts";
import { type EventLog, LogUnavailableError } from "../../../../domain/ports/event-log.ts";
import { createFreezableClock } from "../../../contract/event-log-clock.ts";
import { inputEntry } from "../../../contract/event-log-entries.ts";
import { createRecorder } from "../../../contract/event-log-recorder.ts";
import { makeCertificate } from "../../../support/fake-certificate.ts";
import { createFakeOperatorLog } from "../../../support/fake-operator-log.ts";
import { programPath } from "../../../support/installed.ts";
import { whyNoKafka } from "../../../support/kafka-broker.ts";

const USER = { username: "reveille", password: "open-sesame-17" };
const missing = whyNoKafka() ?? (programPath("openssl") === null ? "openssl is not installed" : null);

describe.skipIf(missing !== null)(`a locked cluster${missing === null ? "" : `: ${missing}`}`, () => {
  let brokers: Brokers;
  let ca: string;
  const logs: EventLog[] = [];

  beforeAll(async () => {
    const pem = await makeCertificate();
    if (pem === null) throw new Error("openssl has made no certificate");
    ca = pem.cert;
    brokers = await startBrokers(1, [], { ...pem, ...USER });
    const plans = planTopics({ counts: EMBEDDED_PARTITIONS, replicas: 1 });
    await applyTopics(as("scram-sha-512"), plans, { dryRun: false });
  }, 120_000);
  afterAll(async () => {
    await Promise.all(logs.map((log) => log.close()));
    await brokers.stop();
  });

  function as(
    mechanism: NonNullable<KafkaConnection["login"]>["mechanism"],
    password = USER.password,
  ): KafkaConnection {
    const { username } = USER;
    const login = { mechanism, username, password };
    return { brokers: brokers.secureAddresses, clientId: "locked", tls: { ca }, login };
  }

  function openLog(connection: KafkaConnection): EventLog {
    const log = createKafkaLog({
      driver: createKafkajsDriver(connection),
      clock: createFreezableClock(),
      owner: "locked",
      operatorLog: createFakeOperatorLog(),
      counts: EMBEDDED_PARTITIONS,
      sessionMs: 1_500,
    });
    logs.push(log);
    return log;
  }

  test.each(["plain", "scram-sha-512"] as const)("is worked in with a login by %s", async (mechanism) => {
    const log = openLog(as(mechanism));
    const recorder = createRecorder();
    const worker = log.work(`group-${mechanism}`, recorder.makeTask);
    await log.append("requests", [inputEntry(1)]);
    await recorder.until(() => (recorder.at(0)?.inputs.length ?? 0) > 0);
    await worker.stop();
  });

  test("refuses a wrong password for good, and the message does not tell it", async () => {
    const refused = openLog(as("scram-sha-512", "wrong-password-3")).append("requests", [inputEntry(2)]);
    await expect(refused).rejects.toThrow(KafkaRefusalError);
    const told = await refused.catch((error: unknown) => String(error));
    expect(told).not.toContain("wrong-password-3");
  });

  test("that nobody we trust has vouched for is not talked to", async () => {
    const log = openLog({ ...as("plain"), tls: {} });
    await expect(log.append("requests", [inputEntry(3)])).rejects.toThrow(LogUnavailableError);
  }, 60_000);
});
