/**
 * The only file that knows services and adapters: it puts the roles together from a configuration. Each role is
 * a process of its own; what they share is the data folder (or, at scale, the brokers).
 */

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startOlapd } from "./adapters/analytics/chdb/start-olapd.ts";
import { createClickHouse } from "./adapters/analytics/clickhouse.ts";
import { createSqlGate } from "./adapters/analytics/gate/sql-gate.ts";
import { createFileJournal } from "./adapters/call-journal/file-journal.ts";
import { createSqliteLog } from "./adapters/event-log/sqlite/sqlite-log.ts";
import { createFetcher } from "./adapters/fetch/fetcher.ts";
import { createHttpGateway } from "./adapters/http/gateway.ts";
import { createSqliteKeyring } from "./adapters/keyring/sqlite-keyring.ts";
import { createNumberingPlan } from "./adapters/numbering/numbering-plan.ts";
import { type ReportAccess, tokenHash } from "./adapters/reports/access.ts";
import { createReportServer } from "./adapters/reports/server.ts";
import { createSmtpGateway } from "./adapters/smtp/gateway.ts";
import { createFliteSpeech } from "./adapters/speech/flite/flite-speech.ts";
import { createChance } from "./adapters/system/chance.ts";
import { createSystemClock } from "./adapters/system/clock.ts";
import { createDigests } from "./adapters/system/digests.ts";
import { createOperatorLog } from "./adapters/system/operator-log.ts";
import { createZoneClock } from "./adapters/system/zone-clock.ts";
import { createMediaPlane } from "./adapters/telephony/rtp/threaded-media-plane.ts";
import { createTelephony } from "./adapters/telephony/telephony.ts";
import { callerDocument } from "./adapters/voicexml/caller-document.ts";
import { createDialogRunner } from "./adapters/voicexml/runner.ts";
import type { Config } from "./config.ts";
import { unownedEnvelope } from "./domain/kernel/envelope.ts";
import { parseServerId, type RequestId, slotOfName } from "./domain/kernel/identifiers.ts";
import { milliseconds } from "./domain/kernel/time.ts";
import type { DialogStep } from "./domain/ports/dialog-runner.ts";
import type { EventLog } from "./domain/ports/event-log.ts";
import type { Keyring } from "./domain/ports/keyring.ts";
import type { OperatorLog } from "./domain/ports/operator-log.ts";
import type { IntakeRefused } from "./domain/request/commands.ts";
import { ADMISSION_LIMITS } from "./domain/server/admission.ts";
import { createDirectory, foldDirectory, senderByKeyId, senderOf } from "./projections/directory.ts";
import { PUBLIC_VIEWS } from "./projections/reports/tables.ts";
import { type Administration, createAdministration } from "./services/administration.ts";
import { createDispatcher } from "./services/dispatcher/dispatcher.ts";
import { createGatekeeper } from "./services/gatekeeper.ts";
import { createIntake, DEADLINE_DEFAULT_MS } from "./services/intake.ts";
import { createProjector } from "./services/projector.ts";
import { createQueries } from "./services/queries.ts";
import { createReporting } from "./services/reporting.ts";
import { createRequestBoard } from "./services/request-board.ts";
import { createTelephonyServer } from "./services/telephony/telephony-server.ts";

export const ROLES = ["telephony", "dispatcher", "reporting", "gateway"] as const;
export type RoleName = (typeof ROLES)[number];

/** A role at work. */
export type Role = {
  /** What it listens on, by name, as "host:port". */
  readonly listens: Readonly<Record<string, string>>;
  /** Rejects when it can't go on: the process should end and be started again. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
};

/** What a trial wants to see and hear of a running dialog; never written anywhere. */
export type Observer = (request: RequestId | null, step: DialogStep) => void;

/** Told to whoever we fetch from. */
const USER_AGENT = "reveille/0.1.0";

const system = {
  clock: createSystemClock(),
  chance: createChance(),
};

/** One JSON line per happening on standard error; quieter levels leave the lesser ones out. */
const nothing = (): void => undefined;

export function openOperatorLog(level: Config["logLevel"]): OperatorLog {
  const log = createOperatorLog(process.stderr);
  return {
    info: level === "info" ? log.info : nothing,
    warn: level === "error" ? nothing : log.warn,
    error: log.error,
  };
}

/** Log and keyring of the data folder, opened for this process. */
export function openHouse(
  config: Config,
  owner: string,
  operatorLog: OperatorLog,
): { log: EventLog; keyring: Keyring; close(): Promise<void> } {
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  const path = (file: string): string => join(config.dataFolder, file);
  const keyring = createSqliteKeyring({ path: path("keyring.db"), masterKeyPath: path("master.key") });
  const log = createSqliteLog({
    path: path("log.db"),
    clock: system.clock,
    owner: `${owner}/${process.pid}`,
    operatorLog,
  });
  return {
    log,
    keyring,
    async close() {
      await log.close();
      await keyring.close();
    },
  };
}

/** What the trunk puts on the wire for a number: nothing is rewritten on the embedded trunk. */
const dialled = (number: string): string => number;

async function startGateway(config: Config, operatorLog: OperatorLog): Promise<Role> {
  const { clock, chance } = system;
  const { log, keyring, close } = openHouse(config, "gateway", operatorLog);
  const digests = createDigests();
  const directory = createDirectory();
  const failed = Promise.withResolvers<void>();
  failed.promise.catch(() => undefined);
  let ready = false;
  const accounts = log.follow("directory", "start", (records) => {
    for (const record of records) if (record.ok) foldDirectory(directory, record.key, record.message);
  });
  accounts.ended.catch(failed.reject);
  const board = createRequestBoard({ log, clock });
  await Promise.all([accounts.caughtUp.then(() => (ready = true)), board.start()]);
  board.ended.catch(failed.reject);
  const gatekeeper = createGatekeeper({
    directory: {
      senderOf: (sender) => senderOf(directory, sender),
      senderByKeyId: (keyId) => senderByKeyId(directory, keyId),
      isReady: () => ready,
    },
    keyring,
    digests,
    clock,
    chance,
    recordRefusal: (fact) => recordRefusal(log, fact, operatorLog),
  });
  const intake = createIntake(
    {
      deadlineMs: DEADLINE_DEFAULT_MS,
      decisionWaitMs: milliseconds(2_000),
      trunkCountry: config.telephony.trunkCountry,
      source: "gateway",
    },
    {
      log,
      keyring,
      digests,
      numbering: createNumberingPlan(),
      clock,
      chance,
      operatorLog,
      senderOf: (sender) => senderOf(directory, sender),
      board,
      dialled,
    },
  );
  const tls =
    config.gateway.tls === null
      ? {}
      : {
          tls: {
            key: readFileSync(config.gateway.tls.keyFile, "utf8"),
            cert: readFileSync(config.gateway.tls.certFile, "utf8"),
          },
        };
  const zones = createZoneClock();
  const http = createHttpGateway({
    intake,
    gatekeeper,
    queries: createQueries({ board, keyring }),
    zones,
    listen: config.gateway.http,
    trustProxy: config.gateway.trustedProxies,
    ...tls,
    log: operatorLog,
  });
  const smtp = createSmtpGateway({
    intake,
    gatekeeper,
    zones,
    clock,
    listen: config.gateway.smtp,
    domain: config.gateway.mailDomain,
    allowInsecureAuth: config.development,
    lmtp: config.gateway.lmtp,
    trustXClient: config.gateway.trustedMailServers,
    ...tls,
    log: operatorLog,
  });
  const httpPort = (await http.start()).port;
  const smtpPort = (await smtp.start()).port;
  return {
    listens: {
      http: `${config.gateway.http.host}:${httpPort}`,
      smtp: `${config.gateway.smtp.host}:${smtpPort}`,
    },
    ended: failed.promise,
    async stop() {
      await Promise.all([http.stop(), smtp.stop()]);
      await Promise.all([accounts.stop(), board.stop()]);
      await close();
    },
  };
}

function recordRefusal(log: EventLog, message: IntakeRefused, operatorLog: OperatorLog): void {
  const id = system.chance.ulid();
  const envelope = unownedEnvelope({
    id,
    source: "gateway",
    subject: null,
    time: message.at,
    causationId: null,
  });
  log
    .append("requests", [{ key: "gate", slot: slotOfName("gate"), envelope, message }])
    .catch((error: unknown) => {
      operatorLog.warn("a refusal was not recorded", { reason: message.reason, error });
    });
}

async function startDispatcher(config: Config, operatorLog: OperatorLog): Promise<Role> {
  const { clock, chance } = system;
  const { log, keyring, close } = openHouse(config, "dispatcher", operatorLog);
  const dispatcher = createDispatcher(
    {
      source: "dispatcher",
      offerTtlMs: milliseconds(config.dispatcher.offerTtlMs),
      serverSilentMs: config.dispatcher.serverSilentMs,
      rememberOverMs: config.dispatcher.rememberOverMs,
    },
    {
      log,
      keyring,
      numbering: createNumberingPlan(),
      zones: createZoneClock(),
      trunkCountry: config.telephony.trunkCountry,
      dialled,
      clock,
      operatorLog,
      draw: () => chance.draw(),
      ulid: () => chance.ulid(),
    },
  );
  await dispatcher.start();
  return {
    listens: {},
    ended: dispatcher.ended,
    async stop() {
      await dispatcher.stop();
      await close();
    },
  };
}

async function startTelephony(config: Config, operatorLog: OperatorLog, observe?: Observer): Promise<Role> {
  const { clock, chance } = system;
  const settings = config.telephony;
  const server = parseServerId(settings.server);
  if (server === null)
    throw new Error(
      `REVEILLE_SERVER "${settings.server}" is no name; give lower-case letters, digits and hyphens`,
    );
  const { log, keyring, close } = openHouse(config, settings.server, operatorLog);
  const speech = createFliteSpeech({ voice: settings.voice });
  const fetcher = createFetcher({ allowLoopback: config.development, userAgent: USER_AGENT });
  const dialogs = createDialogRunner({
    speech,
    fetcher,
    clock,
    chance,
    workers: settings.dialogWorkers,
    defaults: null,
    limits: {},
    userAgent: USER_AGENT,
    transfer: null,
  });
  const media = createMediaPlane({ portRange: settings.rtpPorts, log: operatorLog });
  const telephony = createTelephony(
    {
      sip: { listenAddress: settings.sip.host, listenPort: settings.sip.port },
      mediaAddress: settings.sip.host,
      identity: { user: "reveille", host: settings.sip.host },
      trunks: [
        {
          name: "main",
          host: settings.trunk.host,
          port: settings.trunk.port,
          // One more than there are ports: who calls in vain hears "busy here" from the server, not from the trunk.
          channels: settings.ports + 1,
          signallingAddresses: [],
          mediaAddresses: [],
          mediaSourceCheck: "strict",
          numbers: "plus",
          progressIsAlerting: false,
          forceRport: false,
        },
      ],
      allowLoopback: config.development,
    },
    { media, clock, log: operatorLog },
  );
  const journal = createFileJournal({
    path: join(config.dataFolder, `${settings.server}.journal`),
    onTornTail: (bytes) =>
      operatorLog.warn("the call journal ended in a torn record, which was cut off", { bytes }),
  });
  const role = createTelephonyServer(
    {
      server,
      ports: settings.ports,
      inboundReserve: settings.inboundReserve,
      holdMs: milliseconds(config.dispatcher.offerTtlMs),
      reportEveryMs: milliseconds(1_000),
      admission: ADMISSION_LIMITS,
      localUri: `sip:reveille@${settings.sip.host}`,
      callerDocument:
        settings.callerDocument === null
          ? { kind: "inline", text: callerDocument() }
          : { kind: "url", url: settings.callerDocument },
      inboundSessionMsMax: milliseconds(600_000),
    },
    {
      log,
      telephony,
      dialogs,
      journal,
      keyring,
      clock,
      chance,
      operatorLog,
      ...(observe === undefined ? {} : { observe }),
    },
  );
  await role.start();
  return {
    listens: { sip: `${settings.sip.host}:${telephony.sipAddress()?.port ?? settings.sip.port}` },
    ended: role.ended,
    async stop() {
      await role.stop();
      await Promise.all([media.close(), speech.close(), fetcher.close(), journal.close()]);
      await close();
    },
  };
}

async function startReporting(config: Config, operatorLog: OperatorLog): Promise<Role> {
  const { clock } = system;
  const { log, close } = openHouse(config, "reporting", operatorLog);
  const embedded =
    config.reporting.analytics === "embedded"
      ? await startOlapd({ directory: join(config.dataFolder, "analytics"), log: operatorLog })
      : null;
  const url = embedded?.url ?? config.reporting.analytics;
  const server = config.reporting.analyticsAccount;
  const writer = createClickHouse({ url, ...(embedded?.writer ?? server) });
  const reader = createClickHouse({ url, ...(embedded?.reader ?? server) });
  const projector = createProjector({ log, analytics: writer, clock, operatorLog });
  // Not awaited: with a ClickHouse server that is down the pages open all the same, and say how far they lag.
  const failed = Promise.withResolvers<void>();
  failed.promise.catch(() => undefined);
  projector.start().catch(failed.reject);
  const reports = createReporting({
    analytics: reader,
    gate: createSqlGate(reader, PUBLIC_VIEWS),
    clock,
    zones: createZoneClock(),
    lag: () => projector.lag(),
  });
  const pages = createReportServer({
    reports,
    listen: config.reporting.http,
    access: reportAccess(config.reporting.token),
    log: operatorLog,
  });
  const { port } = await pages.start();
  return {
    listens: { reports: `${config.reporting.http.host}:${port}` },
    ended: failed.promise,
    async stop() {
      await pages.stop();
      await projector.stop();
      await Promise.all([writer.close(), reader.close()]);
      await embedded?.stop();
      await close();
    },
  };
}

/** Starts one role in this process. */
export function startRole(
  name: RoleName,
  config: Config,
  operatorLog: OperatorLog,
  observe?: Observer,
): Promise<Role> {
  switch (name) {
    case "gateway":
      return startGateway(config, operatorLog);
    case "dispatcher":
      return startDispatcher(config, operatorLog);
    case "telephony":
      return startTelephony(config, operatorLog, observe);
    case "reporting":
      return startReporting(config, operatorLog);
    default:
      return name satisfies never;
  }
}

/** One token reads everything; without one only this machine does. */
function reportAccess(token: string | null): ReportAccess {
  if (token === null) return { kind: "open" };
  return { kind: "tokens", readers: new Map([[tokenHash(token), { kind: "receiver" }]]) };
}

/** Accounts and rules of the data folder. */
export function openAdministration(
  config: Config,
  operatorLog: OperatorLog,
): Administration & { close(): Promise<void> } {
  const { log, keyring, close } = openHouse(config, "administration", operatorLog);
  const digests = createDigests();
  return {
    ...createAdministration({ log, keyring, digests, clock: system.clock, chance: system.chance }),
    close,
  };
}
