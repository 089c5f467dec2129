/** docker-compose.yml holds what it promises: pinned, replicated, supervised, without a password of its own. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../config.ts";
import { COMPOSITION, environmentOf, OURS, ROLE_SERVICES, SERVICES, type Service } from "./composition.ts";

function source(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

function isWatched({ healthcheck }: Service): boolean {
  return healthcheck?.disable !== true && (healthcheck?.test?.length ?? 0) > 0;
}

const brokers = SERVICES.filter(([, { image }]) => image.startsWith("apache/kafka:"));

describe.each(SERVICES)("%s", (_, service) => {
  test("is of an exact version", () => {
    expect(service.image).toMatch(/^[\w./-]+:\d+\.\d+\.\d+(\.\d+)?$/);
  });

  test("is watched, unless it ends by itself", () => {
    const endsByItself = service.restart?.startsWith("on-failure") === true;
    expect(isWatched(service)).toBe(!endsByItself);
  });

  test("waits only for what will come", () => {
    const neverComing = Object.entries(service.depends_on ?? {}).filter(([name, { condition }]) => {
      const other = COMPOSITION.services[name];
      if (other === undefined) return true;
      return condition === "service_healthy"
        ? !isWatched(other)
        : condition !== "service_completed_successfully" || other.restart !== "on-failure:5";
    });
    expect(neverComing).toEqual([]);
  });

  test("has no password of its own", () => {
    const secrets = Object.entries(service.environment ?? {}).filter(([name]) =>
      /PASSWORD|TOKEN|SECRET|API_KEY|LOGIN/.test(name),
    );
    expect(secrets.filter(([, value]) => !/^\$\{\w+:\?[^}]+\}$/.test(String(value)))).toEqual([]);
  });

  test("is reached from this machine alone", () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test("keeps what it writes in volumes that are declared", () => {
    for (const volume of service.volumes ?? []) {
      expect(Object.keys(COMPOSITION.volumes)).toContain(volume.split(":")[0]);
    }
  });

  test("has one network: the house's or the machine's", () => {
    const own = service.network_mode === undefined ? service.networks : [service.network_mode];
    expect([["house"], ["host"]]).toContainEqual(own);
  });
});

describe.each(OURS)("our program as %s", (_, service) => {
  const environment = environmentOf(service);

  test("takes every setting that it is given", () => {
    const config = readConfig(environment);
    expect(config.kafka?.brokers).toHaveLength(brokers.length);
    expect(config.kafka?.registry).not.toBeNull();
    expect(config.development).toBe(false);
  });

  test("can do nothing that it need not", () => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(["ALL"]);
    expect(service.security_opt).toContain("no-new-privileges:true");
    expect(service.build).toMatchObject({ context: ".", dockerfile: "deploy/Dockerfile" });
  });

  test("writes to the topics as the installer has made them", () => {
    const topics = environmentOf(COMPOSITION.services["topics"] ?? { image: "" });
    for (const setting of ["REPLICAS", "MIN_INSYNC", "PREFIX", "PARTITIONS"]) {
      expect(environment[`REVEILLE_KAFKA_${setting}`]).toBe(topics[`REVEILLE_KAFKA_${setting}`]);
    }
  });
});

/** What a role can't do its work with the default of. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  gateway: ["REVEILLE_HTTP", "REVEILLE_SMTP", "REVEILLE_MAIL_DOMAIN", "REVEILLE_TRUSTED_PROXIES"],
  dispatcher: ["REVEILLE_TRUNK_COUNTRY"],
  telephony: ["REVEILLE_SERVER", "REVEILLE_SIP", "REVEILLE_RTP_PORTS", "REVEILLE_TRUNK"],
  reporting: [
    "REVEILLE_REPORTS",
    "REVEILLE_REPORT_TOKEN",
    "REVEILLE_ANALYTICS",
    "REVEILLE_ANALYTICS_PASSWORD",
  ],
};

describe.each(ROLE_SERVICES)("the role of %s", (_, service) => {
  const environment = environmentOf(service);
  const role = service.command?.[2] ?? "";

  test("has every setting that it needs", () => {
    expect(service.command).toEqual(["start", "--role", role]);
    const needed = ["REVEILLE_HEALTH", ...(NEEDED[role] ?? ["a role that we know"])];
    expect(Object.keys(environment)).toEqual(expect.arrayContaining(needed));
  });

  test("is asked how it is where it says so", () => {
    expect(service.healthcheck?.test).toEqual([
      "CMD",
      "node",
      "deploy/probe.mjs",
      environment["REVEILLE_HEALTH"],
    ]);
  });

  test("starts when the topics are there", () => {
    expect(service.depends_on?.["topics"]).toEqual({ condition: "service_completed_successfully" });
  });

  test("has the master key exactly if it seals or opens personal data", () => {
    const isKeyed = role !== "reporting";
    expect(service.volumes?.includes("master-key:/var/lib/reveille-key")).toBe(isKeyed);
    expect(environment["REVEILLE_MASTER_KEY_FILE"]).toBe(
      isKeyed ? "/var/lib/reveille-key/master.key" : undefined,
    );
  });

  test("has a data folder of its own", () => {
    const data = service.volumes?.filter((volume) => volume.endsWith(":/var/lib/reveille")) ?? [];
    expect(data).toHaveLength(1);
    const sharers = ROLE_SERVICES.filter(([, other]) => other.volumes?.includes(data[0] ?? ""));
    expect(sharers).toHaveLength(1);
  });
});

test("there are two of each role that a call goes through", () => {
  const counts = Map.groupBy(ROLE_SERVICES, ([, { command }]) => command?.[2]);
  const countOf = (role: string): number =>
    (counts.get(role) ?? []).reduce((sum, [, { deploy }]) => sum + (deploy?.replicas ?? 1), 0);
  expect({
    gateway: countOf("gateway"),
    dispatcher: countOf("dispatcher"),
    telephony: countOf("telephony"),
  }).toEqual({
    gateway: 2,
    dispatcher: 2,
    telephony: 2,
  });
});

test("telephony servers share no name, address, media port or health page", () => {
  const servers = ROLE_SERVICES.filter(([, { command }]) => command?.[2] === "telephony").map(([, service]) =>
    readConfig(environmentOf(service)),
  );
  for (const field of ["server", "sip"] as const) {
    expect(new Set(servers.map(({ telephony }) => JSON.stringify(telephony[field]))).size).toBe(
      servers.length,
    );
  }
  expect(new Set(servers.map(({ health }) => health?.port)).size).toBe(servers.length);
  const ranges = servers.map(({ telephony }) => telephony.rtpPorts).toSorted((a, b) => a.first - b.first);
  const overlaps = ranges.filter(({ first }, index) => first <= (ranges[index - 1]?.last ?? 0));
  expect(overlaps).toEqual([]);
});

test("no two services want the same port of the machine", () => {
  const published = SERVICES.flatMap(([, { ports = [] }]) => ports).map((port) => port.split(":")[1]);
  expect(new Set(published).size).toBe(published.length);
});

describe("the brokers", () => {
  const settings: readonly Readonly<Record<string, string>>[] = brokers.map(([name, service]) => ({
    name,
    ...environmentOf(service),
  }));

  test("are three, each with a vote and a number of its own", () => {
    expect(settings).toHaveLength(3);
    const voters = settings.map(({ KAFKA_NODE_ID, name }) => `${KAFKA_NODE_ID}@${name}:9093`).join(",");
    for (const broker of settings) {
      expect(broker["KAFKA_CONTROLLER_QUORUM_VOTERS"]).toBe(voters);
      expect(broker["KAFKA_PROCESS_ROLES"]).toBe("broker,controller");
      // Sixteen bytes in base64, the same for all.
      expect(Buffer.from(broker["CLUSTER_ID"] ?? "", "base64")).toHaveLength(16);
    }
    expect(new Set(settings.map(({ CLUSTER_ID }) => CLUSTER_ID)).size).toBe(1);
  });

  test("keep three copies of everything, two before it counts", () => {
    for (const broker of settings) {
      const copies = Object.entries(broker).filter(([name]) => name.endsWith("REPLICATION_FACTOR"));
      const inStep = Object.entries(broker).filter(([name]) => /MIN_ISR|MIN_INSYNC/.test(name));
      expect(new Set(copies.map(([, value]) => value))).toEqual(new Set(["3"]));
      expect(new Set(inStep.map(([, value]) => value))).toEqual(new Set(["2"]));
      expect(broker).toMatchObject({
        KAFKA_DEFAULT_REPLICATION_FACTOR: "3",
        KAFKA_MIN_INSYNC_REPLICAS: "2",
        KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: "2",
        KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: "3",
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: "3",
        KAFKA_UNCLEAN_LEADER_ELECTION_ENABLE: "false",
        KAFKA_AUTO_CREATE_TOPICS_ENABLE: "false",
      });
    }
    const [, topics] = OURS.find(([name]) => name === "topics") ?? [];
    expect(topics?.environment).toMatchObject({ REVEILLE_KAFKA_REPLICAS: 3, REVEILLE_KAFKA_MIN_INSYNC: 2 });
  });

  test("keep the registry's schemas for ever: its topic has no retention of its own", () => {
    for (const broker of settings) expect(broker["KAFKA_LOG_RETENTION_MS"]).toBe("-1");
  });

  test("are where our processes look for them, in the house and on the machine", () => {
    const advertised = settings.map(({ KAFKA_ADVERTISED_LISTENERS = "" }) => KAFKA_ADVERTISED_LISTENERS);
    for (const [, service] of OURS) {
      const listener = service.network_mode === "host" ? "MACHINE" : "HOUSE";
      const expected = advertised.map((all) => new RegExp(`${listener}://([^,]+)`).exec(all)?.[1]);
      expect(environmentOf(service)["REVEILLE_KAFKA"]?.split(",")).toEqual(expected);
    }
    for (const [name, { ports = [] }] of brokers) {
      const { KAFKA_LISTENERS = "", KAFKA_ADVERTISED_LISTENERS = "" } =
        settings.find((broker) => broker["name"] === name) ?? {};
      const port = /MACHINE:\/\/127\.0\.0\.1:(\d+)/.exec(KAFKA_ADVERTISED_LISTENERS)?.[1];
      expect(ports).toEqual([`127.0.0.1:${port}:${port}`]);
      expect(KAFKA_LISTENERS).toContain(`MACHINE://:${port}`);
    }
  });
});

test("the registry is asked where it listens, in the house and on the machine", () => {
  const registry = COMPOSITION.services["registry"];
  const [published = ""] = registry?.ports ?? [];
  const [, outside, inside] = published.split(":");
  expect(String(registry?.environment?.["QUARKUS_HTTP_PORT"])).toBe(inside);
  for (const [, service] of OURS) {
    const host = service.network_mode === "host" ? `127.0.0.1:${outside}` : `registry:${inside}`;
    expect(environmentOf(service)["REVEILLE_KAFKA_REGISTRY"]).toBe(`http://${host}/apis/ccompat/v7`);
  }
});

test("ClickHouse lets in whom reporting logs in as", () => {
  const server = environmentOf(COMPOSITION.services["clickhouse"] ?? { image: "" });
  const reader = environmentOf(COMPOSITION.services["reporting"] ?? { image: "" });
  expect(reader["REVEILLE_ANALYTICS_USER"]).toBe(server["CLICKHOUSE_USER"]);
  expect(reader["REVEILLE_ANALYTICS_PASSWORD"]).toBe(server["CLICKHOUSE_PASSWORD"]);
});

test("every volume that is declared is used", () => {
  const used = SERVICES.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(":")[0]));
  expect(new Set(used)).toEqual(new Set(Object.keys(COMPOSITION.volumes)));
});

test("the tests run against the versions that are deployed", () => {
  const [, kafka] =
    /<artifactId>kafka_2\.13<\/artifactId>\s*<version>([\d.]+)</.exec(source("deploy/kafka/pom.xml")) ?? [];
  const [, registry] =
    /APICURIO_VERSION = "([\d.]+)"/.exec(source("deploy/schema-registry/registry-jars.ts")) ?? [];
  for (const [, { image }] of brokers) expect(image).toBe(`apache/kafka:${kafka}`);
  expect(COMPOSITION.services["registry"]?.image).toBe(`apicurio/apicurio-registry:${registry}`);
});
