/**
 * Every setting of the program, read once from the environment and frozen. The only reader of `process.env`.
 * An unknown or impossible setting is refused at start, with what to do: a typing error is never a default.
 */
import { resolve } from "node:path";

export type Address = { readonly host: string; readonly port: number };

export type Config = {
  /** Folder of everything that must survive: log, keyring, call journal, analytics. */
  readonly dataFolder: string;
  /** Loopback URLs may be fetched, mail may log in without TLS, media may stay on loopback. For trials only. */
  readonly development: boolean;
  /** What the roles say on standard error. */
  readonly logLevel: "info" | "warn" | "error";
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
    readonly offerTtlMs: number;
    readonly serverSilentMs: number;
    readonly rememberOverMs: number;
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
  };
};

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of a child process: the given one, with settings of ours put on top. */
export function settingsFor(
  env: Environment,
  settings: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const kept = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(kept), ...settings };
}

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const KNOWN: readonly string[] = [
  "REVEILLE_DATA",
  "REVEILLE_DEVELOPMENT",
  "REVEILLE_LOG_LEVEL",
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
  "REVEILLE_OFFER_TTL_MS",
  "REVEILLE_SERVER_SILENT_MS",
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
  "REVEILLE_GATEWAY_URL",
  "REVEILLE_REPORTS_URL",
  "REVEILLE_SENDER",
  "REVEILLE_PASSWORD",
  "REVEILLE_API_KEY",
];

/** Reads one setting; `advice` is an example of a right one. */
function reader(env: Environment, problems: string[]) {
  function fail(name: string, value: string, advice: string): void {
    problems.push(`${name} "${value}" ${advice}`);
  }

  function text(name: string, fallback: string): string {
    const value = env[name];
    return value === undefined || value === "" ? fallback : value;
  }

  /** Separated by commas; empty when unset. */
  function list(name: string): string[] {
    return text(name, "")
      .split(",")
      .filter((entry) => entry !== "");
  }

  function number(name: string, fallback: number, min: number, max: number): number {
    const value = env[name];
    if (value === undefined || value === "") return fallback;
    const parsed = Number(value);
    if (Number.isInteger(parsed) && parsed >= min && parsed <= max) return parsed;
    fail(name, value, `is out of range; give a whole number from ${min} to ${max}, e.g. ${fallback}`);
    return fallback;
  }

  function address(name: string, fallback: string): Address {
    const value = text(name, fallback);
    const match = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(value);
    const port = Number(match?.[2] ?? Number.NaN);
    if (match?.[1] !== undefined && port <= 65_535) return { host: match[1].replace(/^\[|\]$/g, ""), port };
    fail(name, value, `is no address; give host:port, e.g. ${fallback}`);
    return { host: "127.0.0.1", port: 0 };
  }

  function range(name: string, fallback: string): { first: number; last: number } {
    const value = text(name, fallback);
    const match = /^(\d{4,5})-(\d{4,5})$/.exec(value);
    const [first, last] = [Number(match?.[1]), Number(match?.[2])];
    if (match !== null && first < last && last <= 65_535 && first >= 1_024) return { first, last };
    fail(name, value, `is empty or no range; give a first port below the last, e.g. ${fallback}`);
    return { first: 20_000, last: 20_001 };
  }

  function flag(name: string): boolean {
    const value = text(name, "0");
    if (value === "0" || value === "1") return value === "1";
    fail(name, value, "is neither 0 nor 1");
    return false;
  }

  function url(name: string, fallback: string): string {
    const value = text(name, fallback);
    if (URL.canParse(value) && /^https?:/.test(value)) return value.replace(/\/+$/, "");
    fail(name, value, `is no http or https URL; give one such as ${fallback}`);
    return fallback;
  }

  function logLevel(name: string): Config["logLevel"] {
    const value = text(name, "info");
    if (value === "info" || value === "warn" || value === "error") return value;
    fail(name, value, "is no level; give info, warn or error");
    return "info";
  }

  return { text, list, number, address, range, flag, url, logLevel };
}

/** Throws `ConfigError` with every problem, not just the first. */
export function readConfig(env: Environment): Config {
  const problems: string[] = [];
  for (const name of Object.keys(env)) {
    if (name.startsWith("REVEILLE_") && !KNOWN.includes(name)) {
      problems.push(`${name} is no setting of Reveille; known are: ${KNOWN.join(", ")}`);
    }
  }
  const { text, list, number, address, range, flag, url, logLevel } = reader(env, problems);
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
  const config: Config = {
    dataFolder: resolve(text("REVEILLE_DATA", ".reveille")),
    development: flag("REVEILLE_DEVELOPMENT"),
    logLevel: logLevel("REVEILLE_LOG_LEVEL"),
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
    client: {
      gateway: url("REVEILLE_GATEWAY_URL", "http://127.0.0.1:8080"),
      reports: url("REVEILLE_REPORTS_URL", "http://127.0.0.1:8081"),
      sender: text("REVEILLE_SENDER", "") || null,
      password: text("REVEILLE_PASSWORD", "") || null,
      apiKey: text("REVEILLE_API_KEY", "") || null,
      reportToken: text("REVEILLE_REPORT_TOKEN", "") || null,
    },
    dispatcher: {
      offerTtlMs: number("REVEILLE_OFFER_TTL_MS", 5_000, 50, 60_000),
      serverSilentMs: number("REVEILLE_SERVER_SILENT_MS", 10_000, 2_000, 600_000),
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
    },
  };
  if (problems.length > 0) throw new ConfigError(`config: ${problems.join("\nconfig: ")}`);
  return Object.freeze(config);
}
