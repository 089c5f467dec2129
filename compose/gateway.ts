/** The gateway role: HTTP and mail, in front of one intake. */
import { readFileSync } from "node:fs";
import { createHttpGateway } from "../adapters/http/gateway.ts";
import { createNumberingPlan } from "../adapters/numbering/numbering-plan.ts";
import { createSmtpGateway } from "../adapters/smtp/gateway.ts";
import { createDigests } from "../adapters/system/digests.ts";
import { createZoneClock } from "../adapters/system/zone-clock.ts";
import type { Config } from "../config.ts";
import { isHeld } from "../domain/directory/hold.ts";
import { unownedEnvelope } from "../domain/kernel/envelope.ts";
import { slotOfName } from "../domain/kernel/identifiers.ts";
import { milliseconds } from "../domain/kernel/time.ts";
import type { EventLog } from "../domain/ports/event-log.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import type { IntakeRefused } from "../domain/request/commands.ts";
import { createDirectory, foldDirectory, senderByKeyId, senderOf } from "../projections/directory.ts";
import { createGatekeeper } from "../services/gatekeeper.ts";
import { createIntake, DEADLINE_DEFAULT_MS } from "../services/intake.ts";
import { createQueries } from "../services/queries.ts";
import { createRequestBoard } from "../services/request-board.ts";
import { openHouse } from "./house.ts";
import type { Role, TellWaiting } from "./role.ts";
import { system } from "./system.ts";
import { dialled } from "./trunk.ts";

const DECISION_WAIT_MS = milliseconds(2_000);

export async function startGateway(
  config: Config,
  operatorLog: OperatorLog,
  tellWaiting?: TellWaiting,
): Promise<Role> {
  const { clock, chance } = system;
  const { log, keyring, ended, close } = await openHouse(config, "gateway", operatorLog, tellWaiting);
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
      decisionWaitMs: DECISION_WAIT_MS,
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
  const tls = tlsOf(config);
  const zones = createZoneClock();
  const http = createHttpGateway({
    intake,
    gatekeeper,
    queries: createQueries({ board, keyring }),
    zones,
    listen: config.gateway.http,
    areCallsHeld: () => isHeld(directory.hold),
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
    ended: Promise.race([failed.promise, ended]),
    // An answer under way takes a moment, and `stop` waits for it.
    drain: () => Promise.resolve(),
    async stop() {
      await Promise.all([http.stop(), smtp.stop()]);
      await Promise.all([accounts.stop(), board.stop()]);
      await close();
    },
  };
}

/** Read at each start: a renewed certificate needs a new process. */
function tlsOf({ gateway: { tls } }: Config): { tls?: { key: string; cert: string } } {
  if (tls === null) return {};
  return { tls: { key: readFileSync(tls.keyFile, "utf8"), cert: readFileSync(tls.certFile, "utf8") } };
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
