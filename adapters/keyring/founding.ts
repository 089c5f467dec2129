/**
 * One master key for the whole house, however many machines it has. The first process of a new house makes the
 * file and says in the log which key it is; all others must come with the same one. A wrong file would make
 * other pseudonyms of the same numbers: two partitions would each know half of a Customer, and call it twice.
 */
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { foundedRecordKey } from "../../domain/keys/messages.ts";
import { appendKeyRecords, foundedRecord, type KeyRecordPorts } from "./key-records.ts";
import { MasterKeyError } from "./keyring-errors.ts";
import type { KnownKeys } from "./known-keys.ts";
import { createMasterKey, type MasterKey, readMasterKey } from "./master-key.ts";

/** The house's master key. Throws `MasterKeyError` where the file is missing, unfit, or another house's. */
export async function agreeOnMaster(
  options: KeyRecordPorts & { readonly masterKeyPath: string; readonly formerFile?: string },
  known: Pick<KnownKeys, "founded" | "catchUp">,
): Promise<MasterKey> {
  const { masterKeyPath, formerFile } = options;
  const found = readMasterKey(masterKeyPath);
  const isNew = known.founded() === null && !(formerFile !== undefined && existsSync(formerFile));
  if (found === null && !isNew) {
    throw new MasterKeyError(
      `keyring: ${masterKeyPath} is missing; copy it from a machine where this house runs, or from its backup`,
    );
  }
  const master = found ?? createMasterKey(masterKeyPath);
  const fingerprint = fingerprintOf(master);
  if (known.founded() === null) await announce(options, known, fingerprint);
  if (known.founded() === fingerprint) return master;
  throw new MasterKeyError(
    `keyring: ${masterKeyPath} is not the master key that this house began with; copy that one from a machine where it runs, or from its backup`,
  );
}

/** Of several that begin at once the first in the log counts; the others take back what they said. */
async function announce(
  options: KeyRecordPorts,
  known: Pick<KnownKeys, "founded" | "catchUp">,
  fingerprint: string,
): Promise<void> {
  await appendKeyRecords(options, [foundedRecord(fingerprint, options.clock.now())]);
  await known.catchUp();
  if (known.founded() === fingerprint) return;
  await appendKeyRecords(options, [{ key: foundedRecordKey(fingerprint), message: null }]);
}

/** Tells master keys apart; nobody can find the key from it. */
export function fingerprintOf(master: MasterKey): string {
  return createHmac("sha256", master.encryption).update(master.tenant).digest("hex").slice(0, 32);
}
