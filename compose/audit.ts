/** For the auditor's commands: the log opened for reading, while the house runs or not; keys; exports. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AuditDoor, OpenedLog } from "../adapters/cli/audit-door.ts";
import { fileDamage } from "../adapters/event-log/sqlite/file-damage.ts";
import { createSqliteLog } from "../adapters/event-log/sqlite/sqlite-log.ts";
import { openLogKeyring } from "../adapters/keyring/log-keyring.ts";
import { createDigests } from "../adapters/system/digests.ts";
import { checkSignature, makeSigningKey, openSigningKey } from "../adapters/system/signing-key.ts";
import { type Config, ConfigError } from "../config.ts";
import { parsePhoneNumber } from "../domain/kernel/phone-number.ts";
import { type EventLog, LogDamagedError } from "../domain/ports/event-log.ts";
import type { Keyring } from "../domain/ports/keyring.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import { createSchemaTexts } from "../schemas/exported-schemas.ts";
import { schemaIdOf } from "../schemas/message-body.ts";
import { LOCK_IDS, type SchemaIds } from "../schemas/schema-ids.ts";
import { createAudit } from "../services/audit/audit.ts";
import { checkExport } from "../services/audit/check-export.ts";
import { openTables } from "./audit-tables.ts";
import { openLog } from "./event-log.ts";
import { readExported } from "./exported-record.ts";
import { openSchemaIds } from "./schema-ids.ts";
import { openOperatorLog, system } from "./system.ts";

/** As the tables of the reports are made, see services/projector.ts. */
const REPORT_DAYS = 400;

const digests = createDigests();
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** `settings` is asked when a command needs it: checking an export needs none. */
export function openAuditDoor(settings: () => Config): AuditDoor {
  return {
    openLog: ({ keys }) => openForAudit(settings(), keys),
    checkFile: (chunks, options) =>
      checkExport(chunks, { digests, checkSignature, fromBase64, readerFor: readExported }, options),
    makeKey() {
      const path = signingKeyPath(settings());
      const made = makeSigningKey(path);
      return { path, made, publicKey: openSigningKey(path).publicKey };
    },
  };
}

function signingKeyPath(config: Config): string {
  return config.audit.keyFile ?? join(config.dataFolder, "audit.key");
}

async function openForAudit(config: Config, keys: boolean): Promise<OpenedLog> {
  const operatorLog = openOperatorLog("warn");
  const log = await openToRead(config, operatorLog);
  const tables = openTables(config);
  let keyring: (Keyring & { close(): Promise<void> }) | null = null;
  const close = async (): Promise<void> => {
    await Promise.all([tables.close(), keyring?.close()]);
    await log.close();
  };
  try {
    if (keys) keyring = await openKeys(config, log, operatorLog);
    const audit = createAudit(
      { contiguous: config.kafka === null, expires: config.kafka !== null, reportDays: REPORT_DAYS },
      {
        log,
        digests,
        clock: system.clock,
        signer: () => openSigningKey(signingKeyPath(config)),
        schemaOf: schemaReader(await schemaIds(config, operatorLog)),
        toBase64,
        askTables: tables.ask,
        storageDamage: () => (config.kafka === null ? fileDamage(logPath(config)) : []),
        open: (sealed) => requireKeys(keyring).open(sealed),
      },
    );
    return {
      audit,
      async customerOf(text) {
        const number = parsePhoneNumber(text);
        return number === null ? null : requireKeys(keyring).pseudonym(number);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function requireKeys(keyring: Keyring | null): Keyring {
  if (keyring === null) throw new Error("audit: something sealed was asked for and the keys were not opened");
  return keyring;
}

/** An auditor makes no log where there is none, and does not compact or clear the one that is there. */
async function openToRead(config: Config, operatorLog: OperatorLog): Promise<EventLog> {
  if (config.kafka !== null) return openLog(config, "audit", operatorLog);
  const path = logPath(config);
  if (!existsSync(path))
    throw new ConfigError(`config: there is no log at ${path}; name its folder in REVEILLE_DATA`);
  const owner = `audit/${process.pid}`;
  try {
    return createSqliteLog({ path, clock: system.clock, owner, operatorLog, maintain: false });
  } catch (error) {
    if (!(error instanceof LogDamagedError)) throw error;
    throw new LogDamagedError([error.message, ...fileDamage(path)].join("\n"), { cause: error });
  }
}

function logPath(config: Config): string {
  return join(config.dataFolder, "log.db");
}

async function schemaIds(config: Config, operatorLog: OperatorLog): Promise<SchemaIds> {
  if (config.kafka === null) return LOCK_IDS;
  return openSchemaIds(config.kafka, config.dataFolder, operatorLog, (what) =>
    operatorLog.warn("waiting", { for: what }),
  );
}

function schemaReader(ids: SchemaIds) {
  const textOf = createSchemaTexts(ids);
  return (body: Uint8Array, named: string | null) => {
    const id = schemaIdOf(body);
    return id === null ? null : textOf(id, named);
  };
}

function openKeys(config: Config, log: EventLog, operatorLog: OperatorLog) {
  const masterKeyPath = config.masterKeyFile ?? join(config.dataFolder, "master.key");
  // The keyring makes a master key where there is none; an auditor must not.
  if (!existsSync(masterKeyPath))
    throw new ConfigError(
      `config: there is no master key at ${masterKeyPath}; name it in REVEILLE_MASTER_KEY_FILE`,
    );
  return openLogKeyring({ ...system, log, operatorLog, masterKeyPath });
}
