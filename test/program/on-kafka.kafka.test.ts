import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import kafkajs from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { whyNoKafka } from "../support/kafka-broker.ts";
import { type Ran, runProgram, startProgram } from "../support/program.ts";
import { useBroker } from "../support/real-broker.ts";

const missing = whyNoKafka();
let addresses: readonly string[];
let folder: string;

const TOPICS = ["requests", "events", "state", "offers", "load", "directory", "keys"];

function settings(prefix: string): Record<string, string> {
  return {
    REVEILLE_KAFKA: addresses.join(","),
    REVEILLE_KAFKA_PREFIX: prefix,
    REVEILLE_KAFKA_PARTITIONS: "2",
    REVEILLE_KAFKA_REPLICAS: "1",
    REVEILLE_DATA: folder,
  };
}

function topics(prefix: string, ...args: readonly string[]): Promise<Ran> {
  return runProgram(["topics", "apply", ...args], settings(prefix));
}

async function withAdmin<T>(use: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
  const kafka = new kafkajs.Kafka({ brokers: [...addresses], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

describe.skipIf(missing !== null)(
  `the program on Kafka${missing === null ? "" : ` (${missing})`}`,
  { timeout: 90_000 },
  () => {
    const broker = useBroker();
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "reveille-topics-"));
      addresses = broker().addresses;
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test("a dry run says what is missing, makes nothing, and exits 1", async () => {
      const { code, out } = await topics("dry.", "--dry-run");
      expect(code).toBe(1);
      for (const topic of TOPICS) expect(out).toContain(`dry.${topic}: would be made`);
      expect(
        (await withAdmin((admin) => admin.listTopics())).filter((name) => name.startsWith("dry.")),
      ).toEqual([]);
    });

    test("what was made once is as it should be, however often it is asked", async () => {
      const first = await topics("twice.");
      expect(first).toMatchObject({ code: 0 });
      expect(first.out).toContain("twice.requests: made");
      const again = await topics("twice.");
      expect(again.code).toBe(0);
      expect(again.out).toContain("is as it should be");
      const told = await topics("twice.", "--dry-run", "--json");
      expect(told.code).toBe(0);
      expect(JSON.parse(told.out)).toMatchObject({ dryRun: true, created: [], changed: [] });
    });

    test("a setting that somebody changed is told, and set right", async () => {
      await topics("set.");
      await withAdmin((admin) =>
        admin.alterConfigs({
          validateOnly: false,
          resources: [
            {
              type: kafkajs.ConfigResourceTypes.TOPIC,
              name: "set.requests",
              configEntries: [{ name: "retention.ms", value: "1000" }],
            },
          ],
        }),
      );
      const dry = await topics("set.", "--dry-run");
      expect(dry.code).toBe(1);
      expect(dry.out).toContain('set.requests: retention.ms is "1000", would be set to "2592000000"');
      expect((await topics("set.")).out).toContain('retention.ms is "1000", set to "2592000000"');
      expect((await topics("set.", "--dry-run")).code).toBe(0);
    });

    test("another number of partitions is refused, and nothing is changed", async () => {
      await topics("count.");
      const { code, err } = await runProgram(["topics", "apply"], {
        ...settings("count."),
        REVEILLE_KAFKA_PARTITIONS: "4",
      });
      expect(code).toBe(1);
      expect(err).toContain("count.requests has 2 partitions, planned are 4");
      expect(err).not.toContain("    at ");
    });

    test("more copies than there are brokers are refused in the brokers' words", async () => {
      const { code, err } = await runProgram(["topics", "apply"], {
        ...settings("copies."),
        REVEILLE_KAFKA_REPLICAS: "3",
      });
      expect(code).toBe(1);
      expect(err).toContain("INVALID_REPLICATION_FACTOR");
      expect(err).not.toContain("    at ");
    });

    test("a role that is started without topics says how to make them, and goes on once they are there", async () => {
      const role = startProgram(["start", "--role", "dispatcher"], settings("later."));
      await role.said('make them with \\"reveille topics apply\\"');
      expect((await topics("later.")).code).toBe(0);
      await role.said('"what":"role ready"');
      role.child.kill("SIGTERM");
      expect((await role.ended).code).toBe(0);
    });

    test("a telephony server whose name is used on another machine is refused (I01)", async () => {
      await topics("twins.");
      const here = {
        ...settings("twins."),
        REVEILLE_DEVELOPMENT: "1",
        REVEILLE_SIP: "127.0.0.1:0",
        REVEILLE_SERVER: "twin-1",
      };
      const first = startProgram(["start", "--role", "telephony"], here);
      await first.said('"what":"role ready"');
      // Another data folder is another machine: no file of the first is seen there, but the keys are the house's.
      const there = mkdtempSync(join(tmpdir(), "reveille-there-"));
      const second = await runProgram(["start", "--role", "telephony"], {
        ...here,
        REVEILLE_DATA: there,
        REVEILLE_MASTER_KEY_FILE: join(folder, "master.key"),
      });
      expect(second.code).toBe(1);
      expect(second.err).toContain('another process reports as telephony server "twin-1"');
      expect(second.err).not.toContain("    at ");
      first.child.kill("SIGINT");
      expect((await first.ended).code).toBe(0);
      rmSync(there, { recursive: true, force: true });
    });
  },
);
