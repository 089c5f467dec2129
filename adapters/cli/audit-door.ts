/** What the auditor's commands need of the program: a log opened for reading, keys, and files. */
import type { CustomerKey } from "../../domain/kernel/identifiers.ts";
import type { Audit, ExportReport } from "../../domain/ports/audit.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";

export type OpenedLog = {
  readonly audit: Audit;
  /** The pseudonym of a telephone number; null: it is none. */
  customerOf(number: string): Promise<CustomerKey | null>;
  close(): Promise<void>;
};

/** Opened when a command needs it: most of the program does not. */
export type OpenDoor = () => Promise<AuditDoor>;

export type AuditDoor = {
  /** With `keys`, also what is sealed can be opened, and a number be looked for. */
  openLog(options: { readonly keys: boolean }): Promise<OpenedLog>;
  checkFile(
    chunks: AsyncIterable<Uint8Array>,
    options: { readonly publicKey: string | null; readonly onRecord?: (record: Delivered<"events">) => void },
  ): Promise<ExportReport>;
  /** The public key, and where the private one lies; made if there is none. */
  makeKey(): { readonly path: string; readonly publicKey: string; readonly made: boolean };
};
