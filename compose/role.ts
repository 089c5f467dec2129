/** A role as the program sees it: started, listening somewhere, asked to finish. */
import type { RequestId } from "../domain/kernel/identifiers.ts";
import type { DialogStep } from "../domain/ports/dialog-runner.ts";

/** In the way of a Request; all start at once, and stop in this order. */
export const ROLES = ["gateway", "telephony", "dispatcher", "reporting"] as const;
export type RoleName = (typeof ROLES)[number];

/** A role at work. */
export type Role = {
  /** What it listens on, by name, as "host:port". */
  readonly listens: Readonly<Record<string, string>>;
  /** Counts for the health page, by name. */
  readonly figures?: () => Readonly<Record<string, unknown>>;
  /** Rejects when it can't go on: the process should end and be started again. */
  readonly ended: Promise<void>;
  /** Takes nothing new; resolves when what is under way has come to its end. */
  drain(): Promise<void>;
  /** Ends what is under way too. */
  stop(): Promise<void>;
};

/** What a trial wants to see and hear of a running dialog; never written anywhere. */
export type Observer = (request: RequestId | null, step: DialogStep) => void;

/** Told what a role waits for at its start, again and again while it does. */
export type TellWaiting = (what: string) => void;
