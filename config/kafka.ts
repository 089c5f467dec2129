/** Where the brokers are, how to be let in, and how they are to keep the topics. */
import type { SettingReader } from "./setting-reader.ts";

const MECHANISMS = ["plain", "scram-sha-256", "scram-sha-512"] as const;

export type KafkaSettings = {
  /** "host:port" of some brokers; they name the others. */
  readonly brokers: readonly string[];
  /** Before every topic's name; several houses may share a cluster. */
  readonly prefix: string;
  /** Of requests, events and state. What the topics were made with; it never changes. */
  readonly partitions: number;
  readonly replicas: number;
  /** Copies that must have a record before it is acknowledged. */
  readonly minInSync: number;
  /** PEM files; null where a file is not needed. Null altogether: no TLS. */
  readonly tls: {
    readonly caFile: string | null;
    readonly certFile: string | null;
    readonly keyFile: string | null;
  } | null;
  readonly login: {
    readonly mechanism: (typeof MECHANISMS)[number];
    readonly username: string;
    readonly password: string;
  } | null;
  /** Schema registry that gives records' schemas their ids; null: the ids of schemas/registry.lock.json. */
  readonly registry: { readonly url: string; readonly token: string | null } | null;
};

/** Null where no broker is named: the log is embedded. Settings that then do nothing are told as a problem. */
export function readKafkaSettings(
  reader: SettingReader,
  house: { readonly development: boolean },
): KafkaSettings | null {
  const { fail, text, number, addresses } = reader;
  const brokers = addresses("REVEILLE_KAFKA", "kafka-1:9092,kafka-2:9092,kafka-3:9092");
  const replicas = number("REVEILLE_KAFKA_REPLICAS", 3, 1, 9);
  const settings: KafkaSettings = {
    brokers,
    prefix: text("REVEILLE_KAFKA_PREFIX", "reveille."),
    partitions: number("REVEILLE_KAFKA_PARTITIONS", 48, 1, 256),
    replicas,
    minInSync: number("REVEILLE_KAFKA_MIN_INSYNC", Math.max(1, replicas - 1), 1, replicas),
    tls: readTls(reader),
    login: readLogin(reader),
    registry: readRegistry(reader, house),
  };
  if (!/^[A-Za-z0-9._-]{0,64}$/.test(settings.prefix)) {
    fail(
      "REVEILLE_KAFKA_PREFIX",
      settings.prefix,
      "is no start of a topic's name; give one such as reveille.",
    );
  }
  if (settings.login?.mechanism === "plain" && settings.tls === null && !house.development) {
    fail(
      "REVEILLE_KAFKA_LOGIN",
      "plain",
      "sends the password in clear without TLS; set REVEILLE_KAFKA_TLS=1",
    );
  }
  return brokers.length === 0 ? null : settings;
}

function readTls({ fail, text, flag }: SettingReader): KafkaSettings["tls"] {
  const file = (name: string): string | null => text(name, "") || null;
  const caFile = file("REVEILLE_KAFKA_CA");
  const certFile = file("REVEILLE_KAFKA_CERT");
  const keyFile = file("REVEILLE_KAFKA_KEY");
  if ((certFile === null) !== (keyFile === null)) {
    fail(
      "REVEILLE_KAFKA_CERT",
      certFile ?? "",
      "goes together with REVEILLE_KAFKA_KEY; give both files, or none",
    );
  }
  const wanted = flag("REVEILLE_KAFKA_TLS") || caFile !== null || certFile !== null;
  return wanted ? { caFile, certFile, keyFile } : null;
}

function readLogin({ fail, text, choice }: SettingReader): KafkaSettings["login"] {
  const mechanism = choice("REVEILLE_KAFKA_LOGIN", ["none", ...MECHANISMS]);
  const username = text("REVEILLE_KAFKA_USER", "");
  const password = text("REVEILLE_KAFKA_PASSWORD", "");
  if (mechanism === "none") {
    if (username !== "" || password !== "")
      fail(
        "REVEILLE_KAFKA_LOGIN",
        "none",
        `leaves user and password unused; give one of ${MECHANISMS.join(", ")}`,
      );
    return null;
  }
  if (username === "" || password === "")
    fail("REVEILLE_KAFKA_LOGIN", mechanism, "needs REVEILLE_KAFKA_USER and REVEILLE_KAFKA_PASSWORD");
  return { mechanism, username, password };
}

function readRegistry(
  { fail, text }: SettingReader,
  { development }: { readonly development: boolean },
): KafkaSettings["registry"] {
  const url = text("REVEILLE_KAFKA_REGISTRY", "");
  const token = text("REVEILLE_KAFKA_REGISTRY_TOKEN", "") || null;
  if (url === "") return null;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  // What is wrong with it may be its password: the setting's value is not repeated.
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    fail(
      "REVEILLE_KAFKA_REGISTRY",
      "…",
      "is no http or https URL; give one such as http://registry:8080/apis/ccompat/v7",
    );
  } else if (parsed.protocol === "http:" && (parsed.username !== "" || token !== null) && !development) {
    fail("REVEILLE_KAFKA_REGISTRY", parsed.host, "would be sent its login in clear; give an https URL");
  }
  return { url, token };
}
