/**
 * Every setting of the program, read once from the environment and frozen. The only reader of `process.env`.
 * An unknown or impossible setting is refused at start, with what to do: a typing error is never a default.
 */
import { resolve } from "node:path";
import { type AuditSettings, readAuditSettings } from "./config/audit.ts";
import { type KafkaSettings, readKafkaSettings } from "./config/kafka.ts";
import { withSecretFiles } from "./config/secret-files.ts";
import { type Address, createSettingReader, type Environment } from "./config/setting-reader.ts";

export type Config = {
  /** Folder of everything that must survive: log, keyring, call journal, analytics. */
  readonly dataFolder: string;
  /** The master key; null: "master.key" in the data folder. On every machine the same file. */
  readonly masterKeyFile: string | null;
  /** Loopback URLs may be fetched, mail may log in without TLS, media may stay on loopback. For trials only. */
  readonly development: boolean;
  /** What the roles say on standard error. */
  readonly logLevel: "info" | "warn" | "error";
  /** Where each process tells how it is; null: nowhere. */
  readonly health: Address | null;
  /** The brokers that hold the log; null: it is embedded, in the data folder. */
  readonly kafka: KafkaSettings | null;
  readonly gateway: {
    readonly http: Address;
    readonly smtp: Address;
    /** Mail to outbound@<domain> is a Request. */
    readonly mailDomain: string;
    /** Speak LMTP instead of SMTP, to the mail server in front. */
    readonly lmtp: boolean;
    /** Mail servers in front whose XCLIENT is believed. */
    readonly trustedMailServers: readonly string[];
    /** PEM files; both or none. */
    readonly tls: { readonly keyFile: string; readonly certFile: string } | null;
    /** Proxies whose X-Forwarded-For is believed. */
    readonly trustedProxies: readonly string[];
  };
  readonly reporting: {
    readonly http: Address;
    /** "embedded", or the URL of a ClickHouse server. */
    readonly analytics: string;
    /** Of a ClickHouse server; the embedded one makes its own. */
    readonly analyticsAccount: { readonly username: string; readonly password: string };
    /** Bearer token that readers must show; null: anybody who reaches the address. */
    readonly token: string | null;
  };
  readonly audit: AuditSettings;
  /** For the commands that talk to a running gateway. */
  readonly client: {
    readonly gateway: string;
    readonly reports: string;
    readonly sender: string | null;
    readonly password: string | null;
    readonly apiKey: string | null;
    readonly reportToken: string | null;
  };
  readonly dispatcher: {
    /** After so long without a sign of life of a dispatcher another one takes its partitions. */
    readonly takeoverMs: number;
    readonly offerTtlMs: number;
    readonly serverSilentMs: number;
    readonly rememberOverMs: number;
    readonly coldStartMs: number;
  };
  readonly telephony: {
    readonly server: string;
    readonly sip: Address;
    readonly rtpPorts: { readonly first: number; readonly last: number };
    /** Two-way ports. */
    readonly ports: number;
    readonly inboundReserve: number;
    readonly trunk: Address;
    readonly trunkCountry: string;
    readonly voice: string;
    /** VoiceXML for those who call in; null: the built-in greeting. */
    readonly callerDocument: string | null;
    /** Dialogs by worker threads. */
    readonly dialogWorkers: number;
    /** How long calls may go on after the server was asked to stop. */
    readonly drainMs: number;
  };
};

/** The environment of a child process: the given one, with settings of ours put on top. */
export function settingsFor(
  env: Environment,
  settings: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const kept = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(kept), ...settings };
}

/** Of an environment, what says where the brokers are and how to be let in. */
export function kafkaSettingsIn(env: Environment): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(settingsFor(env, {})).filter(
      ([name, value]) => name.startsWith("REVEILLE_KAFKA") && value !== "",
    ),
  );
}

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const KNOWN: readonly string[] = [
  "REVEILLE_DATA",
  "REVEILLE_MASTER_KEY_FILE",
  "REVEILLE_DEVELOPMENT",
  "REVEILLE_LOG_LEVEL",
  "REVEILLE_HEALTH",
  "REVEILLE_KAFKA",
  "REVEILLE_KAFKA_PREFIX",
  "REVEILLE_KAFKA_PARTITIONS",
  "REVEILLE_KAFKA_REPLICAS",
  "REVEILLE_KAFKA_MIN_INSYNC",
  "REVEILLE_KAFKA_TLS",
  "REVEILLE_KAFKA_CA",
  "REVEILLE_KAFKA_CERT",
  "REVEILLE_KAFKA_KEY",
  "REVEILLE_KAFKA_LOGIN",
  "REVEILLE_KAFKA_USER",
  "REVEILLE_KAFKA_PASSWORD",
  "REVEILLE_KAFKA_REGISTRY",
  "REVEILLE_KAFKA_REGISTRY_TOKEN",
  "REVEILLE_HTTP",
  "REVEILLE_SMTP",
  "REVEILLE_MAIL_DOMAIN",
  "REVEILLE_LMTP",
  "REVEILLE_TRUSTED_MAIL_SERVERS",
  "REVEILLE_TLS_KEY",
  "REVEILLE_TLS_CERT",
  "REVEILLE_TRUSTED_PROXIES",
  "REVEILLE_REPORTS",
  "REVEILLE_ANALYTICS",
  "REVEILLE_ANALYTICS_USER",
  "REVEILLE_ANALYTICS_PASSWORD",
  "REVEILLE_REPORT_TOKEN",
  "REVEILLE_AUDIT_KEY",
  "REVEILLE_EVENTSTOREDB",
  "REVEILLE_AUDIT_COPY",
  "REVEILLE_TAKEOVER_MS",
  "REVEILLE_OFFER_TTL_MS",
  "REVEILLE_SERVER_SILENT_MS",
  "REVEILLE_COLD_START_MS",
  "REVEILLE_SERVER",
  "REVEILLE_SIP",
  "REVEILLE_RTP_PORTS",
  "REVEILLE_PORTS",
  "REVEILLE_INBOUND_RESERVE",
  "REVEILLE_TRUNK",
  "REVEILLE_TRUNK_COUNTRY",
  "REVEILLE_VOICE",
  "REVEILLE_CALLER_DOCUMENT",
  "REVEILLE_DIALOG_WORKERS",
  "REVEILLE_DRAIN_SECONDS",
  "REVEILLE_GATEWAY_URL",
  "REVEILLE_REPORTS_URL",
  "REVEILLE_SENDER",
  "REVEILLE_PASSWORD",
  "REVEILLE_API_KEY",
];

/** Throws `ConfigError` with every problem, not just the first. */
export function readConfig(environment: Environment): Config {
  const problems: string[] = [];
  const env = withSecretFiles(environment, problems);
  for (const name of Object.keys(env)) {
    if (name.startsWith("REVEILLE_") && !KNOWN.includes(name)) {
      problems.push(`${name} is no setting of Reveille; known are: ${KNOWN.join(", ")}`);
    }
  }
  const reader = createSettingReader(env, problems);
  const { text, list, number, address, range, flag, url, choice } = reader;
  const development = flag("REVEILLE_DEVELOPMENT");
  const ports = number("REVEILLE_PORTS", 24, 1, 10_000);
  const inboundReserve = number("REVEILLE_INBOUND_RESERVE", Math.max(1, Math.floor(ports / 10)), 0, 10_000);
  if (inboundReserve >= ports) {
    problems.push(
      `REVEILLE_INBOUND_RESERVE ${inboundReserve} leaves none of ${ports} ports for calling; give less`,
    );
  }
  const rtpPorts = range("REVEILLE_RTP_PORTS", "20000-21999");
  if ((rtpPorts.last - rtpPorts.first + 1) / 2 < ports) {
    problems.push(`REVEILLE_RTP_PORTS holds too few ports for ${ports} calls; give at least ${ports * 2}`);
  }
  const keyFile = text("REVEILLE_TLS_KEY", "");
  const certFile = text("REVEILLE_TLS_CERT", "");
  if ((keyFile === "") !== (certFile === "")) {
    problems.push("REVEILLE_TLS_KEY and REVEILLE_TLS_CERT go together; give both files, or none");
  }
  const analytics = text("REVEILLE_ANALYTICS", "embedded");
  if (analytics !== "embedded" && !URL.canParse(analytics)) {
    problems.push(
      `REVEILLE_ANALYTICS "${analytics}" is neither "embedded" nor a URL, e.g. http://clickhouse:8123`,
    );
  }
  const kafka = readKafkaSettings(reader, { development });
  const masterKeyFile = text("REVEILLE_MASTER_KEY_FILE", "");
  const config: Config = {
    dataFolder: resolve(text("REVEILLE_DATA", ".reveille")),
    masterKeyFile: masterKeyFile === "" ? null : resolve(masterKeyFile),
    development,
    logLevel: choice("REVEILLE_LOG_LEVEL", ["info", "warn", "error"]),
    health: text("REVEILLE_HEALTH", "") === "" ? null : address("REVEILLE_HEALTH", "127.0.0.1:9464"),
    kafka,
    gateway: {
      http: address("REVEILLE_HTTP", "127.0.0.1:8080"),
      smtp: address("REVEILLE_SMTP", "127.0.0.1:2525"),
      mailDomain: text("REVEILLE_MAIL_DOMAIN", "localhost"),
      lmtp: flag("REVEILLE_LMTP"),
      trustedMailServers: list("REVEILLE_TRUSTED_MAIL_SERVERS"),
      tls: keyFile === "" ? null : { keyFile, certFile },
      trustedProxies: list("REVEILLE_TRUSTED_PROXIES"),
    },
    reporting: {
      http: address("REVEILLE_REPORTS", "127.0.0.1:8081"),
      analytics,
      analyticsAccount: {
        username: text("REVEILLE_ANALYTICS_USER", "default"),
        password: text("REVEILLE_ANALYTICS_PASSWORD", ""),
      },
      token: text("REVEILLE_REPORT_TOKEN", "") || null,
    },
    audit: readAuditSettings(reader),
    client: {
      gateway: url("REVEILLE_GATEWAY_URL", "http://127.0.0.1:8080"),
      reports: url("REVEILLE_REPORTS_URL", "http://127.0.0.1:8081"),
      sender: text("REVEILLE_SENDER", "") || null,
      password: text("REVEILLE_PASSWORD", "") || null,
      apiKey: text("REVEILLE_API_KEY", "") || null,
      reportToken: text("REVEILLE_REPORT_TOKEN", "") || null,
    },
    dispatcher: {
      takeoverMs: number("REVEILLE_TAKEOVER_MS", kafka === null ? 3_000 : 10_000, 300, 300_000),
      offerTtlMs: number("REVEILLE_OFFER_TTL_MS", 5_000, 50, 60_000),
      serverSilentMs: number("REVEILLE_SERVER_SILENT_MS", 10_000, 2_000, 600_000),
      // All that an embedded house remembers lies in one folder, and each of its processes reads it at its start.
      coldStartMs: number("REVEILLE_COLD_START_MS", kafka === null ? 0 : 10_000, 0, 600_000),
      rememberOverMs: 3_600_000,
    },
    telephony: {
      server: text("REVEILLE_SERVER", "telephony-1"),
      sip: address("REVEILLE_SIP", "127.0.0.1:5060"),
      rtpPorts,
      ports,
      inboundReserve,
      trunk: address("REVEILLE_TRUNK", "127.0.0.1:5070"),
      trunkCountry: text("REVEILLE_TRUNK_COUNTRY", "US"),
      voice: text("REVEILLE_VOICE", "slt"),
      callerDocument: text("REVEILLE_CALLER_DOCUMENT", "") || null,
      dialogWorkers: number("REVEILLE_DIALOG_WORKERS", 2, 1, 64),
      drainMs: 1_000 * number("REVEILLE_DRAIN_SECONDS", 900, 0, 86_400),
    },
  };
  if (problems.length > 0) throw new ConfigError(`config: ${problems.join("\nconfig: ")}`);
  return Object.freeze(config);
}
