import { expect, test } from "vitest";
import { ConfigError, readConfig } from "../../config.ts";

test("without any setting everything stays on this machine", () => {
  const config = readConfig({});
  expect(config.development).toBe(false);
  for (const { host } of [
    config.gateway.http,
    config.gateway.smtp,
    config.reporting.http,
    config.telephony.sip,
  ]) {
    expect(host).toBe("127.0.0.1");
  }
});

test("settings of other programs are none of ours", () => {
  expect(readConfig({ PATH: "/bin", HOME: "/root" }).telephony.ports).toBe(24);
});

test.each([
  ["an unknown setting", { REVEILLE_HTPP: "127.0.0.1:80" }, "REVEILLE_HTPP is no setting"],
  ["an empty port range", { REVEILLE_RTP_PORTS: "9000-8000" }, "give a first port below the last"],
  ["a port that is none", { REVEILLE_HTTP: "127.0.0.1:99999" }, "give host:port"],
  ["too few media ports", { REVEILLE_RTP_PORTS: "20000-20010", REVEILLE_PORTS: "24" }, "give at least 48"],
  ["a reserve that leaves nothing", { REVEILLE_PORTS: "2", REVEILLE_INBOUND_RESERVE: "2" }, "leaves none"],
  ["half a certificate", { REVEILLE_TLS_KEY: "/k.pem" }, "go together"],
  ["a switch that is neither", { REVEILLE_DEVELOPMENT: "yes" }, "neither 0 nor 1"],
  ["an impossible number", { REVEILLE_PORTS: "0" }, "whole number from 1"],
  ["a broker that is no address", { REVEILLE_KAFKA: "kafka-1:9092,kafka-2" }, "kafka-2"],
  [
    "more copies to wait for than there are",
    { REVEILLE_KAFKA_REPLICAS: "2", REVEILLE_KAFKA_MIN_INSYNC: "3" },
    "from 1 to 2",
  ],
  ["a prefix that is no topic's", { REVEILLE_KAFKA_PREFIX: "our house" }, "no start of a topic's name"],
  ["half a certificate for the brokers", { REVEILLE_KAFKA_CERT: "/c.pem" }, "goes together"],
  [
    "a login without a password",
    { REVEILLE_KAFKA_LOGIN: "scram-sha-512", REVEILLE_KAFKA_USER: "u" },
    "needs",
  ],
  ["a password that nobody asks for", { REVEILLE_KAFKA_PASSWORD: "p" }, "unused"],
  [
    "a password in clear",
    { REVEILLE_KAFKA_LOGIN: "plain", REVEILLE_KAFKA_USER: "u", REVEILLE_KAFKA_PASSWORD: "p" },
    "REVEILLE_KAFKA_TLS=1",
  ],
  ["a mechanism that is none", { REVEILLE_KAFKA_LOGIN: "kerberos" }, "scram-sha-512"],
  ["a place for analytics that is none", { REVEILLE_ANALYTICS: "there" }, "neither"],
] as const)("%s is refused at start, with what to do", (_, env, advice) => {
  expect(() => readConfig(env)).toThrow(ConfigError);
  expect(() => readConfig(env)).toThrow(advice);
});

test("every problem is told at once", () => {
  expect(() => readConfig({ REVEILLE_PORTS: "0", REVEILLE_HTTP: "x" })).toThrow(
    /REVEILLE_PORTS[\s\S]*REVEILLE_HTTP|REVEILLE_HTTP[\s\S]*REVEILLE_PORTS/,
  );
});

test("without a broker the log is embedded, and partitions change hands soon", () => {
  expect(readConfig({}).kafka).toBeNull();
  expect(readConfig({}).dispatcher.takeoverMs).toBe(3_000);
});

test("with brokers three copies are kept, of which two must have a record, and one who logs in is let in", () => {
  const config = readConfig({
    REVEILLE_KAFKA: "kafka-1:9092, kafka-2:9092",
    REVEILLE_KAFKA_CA: "/ca.pem",
    REVEILLE_KAFKA_LOGIN: "scram-sha-256",
    REVEILLE_KAFKA_USER: "house",
    REVEILLE_KAFKA_PASSWORD: "secret",
  });
  expect(config.kafka).toMatchObject({
    brokers: ["kafka-1:9092", "kafka-2:9092"],
    prefix: "reveille.",
    partitions: 48,
    replicas: 3,
    minInSync: 2,
    tls: { caFile: "/ca.pem", certFile: null, keyFile: null },
    login: { mechanism: "scram-sha-256", username: "house", password: "secret" },
  });
  expect(config.dispatcher.takeoverMs).toBe(10_000);
});
