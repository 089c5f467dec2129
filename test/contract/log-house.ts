import type { EventLog, TopicName } from "../../domain/ports/event-log.ts";

type OpenLog = {
  readonly log: EventLog;
  /** Stops this process's clock and heartbeats, as SIGSTOP would. */
  readonly freeze: () => void;
};

/** One log and all who open it; `close` ends everything. */
export type LogHouse = {
  open(owner: string): OpenLog;
  /** Writes a record whose body nobody can read. */
  plantGarbage(topic: TopicName, partition: number): Promise<void>;
  /** Compacts now; tombstones are dropped as if old enough. */
  compact(): Promise<void>;
  close(): Promise<void>;
};
