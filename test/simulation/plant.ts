/**
 * The doors through which a test can plant a bug: everything that the product reaches the outside by. Only tests
 * pass one; production code knows nothing of it.
 */
import type { CallJournal } from "../../domain/ports/call-journal.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { EventLog, Ownership, Task } from "../../domain/ports/event-log.ts";
import type { LogMemory } from "../../domain/ports/log-memory.ts";
import type { Telephony } from "../../domain/ports/telephony.ts";
import type { Incarnation } from "./incarnation.ts";
import type { SimStore } from "./sim-store.ts";
import type { Timeline } from "./timeline.ts";

export type Role = "gateway" | "dispatcher" | "telephony";

export type PlantSite = {
  readonly role: Role;
  /** Of the process, the same over its lives. */
  readonly name: string;
  readonly life: Incarnation;
  readonly store: SimStore;
  readonly timeline: Timeline;
};

export type Plant = {
  readonly log?: (log: EventLog, site: PlantSite) => EventLog;
  readonly journal?: (journal: CallJournal, site: PlantSite) => CallJournal;
  readonly telephony?: (telephony: Telephony, site: PlantSite, journal: CallJournal) => Telephony;
  readonly clock?: (clock: Clock, site: PlantSite) => Clock;
  /** Around a dispatcher's task, and what it may commit with. */
  readonly task?: (task: Task, ownership: Ownership, site: PlantSite) => Task;
  readonly ownership?: (ownership: Ownership, site: PlantSite) => Ownership;
  /** What a dispatcher remembers of the log outside of it. */
  readonly memory?: (memory: LogMemory) => LogMemory;
  readonly holdMs?: number;
  readonly rememberOverMs?: number;
  /** The log lets owners commit whose epoch has passed. */
  readonly unfenced?: boolean;
  /** After a failed commit the owner goes on with the memory that it has. */
  readonly repairs?: boolean;
};

export const NO_PLANT: Plant = {};
