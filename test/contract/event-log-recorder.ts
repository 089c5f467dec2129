/** Tasks that write down what the log does to them, and a way to wait for it without a clock. */
import type { Delivered, Outputs, Ownership, Task } from "../../domain/ports/event-log.ts";
import { eventEntry } from "./event-log-entries.ts";

type RecordedTask = {
  readonly ownership: Ownership;
  readonly state: Delivered<"state">[];
  readonly events: Delivered<"events">[];
  readonly inputs: Delivered<"requests">[];
  /** What the log said was committed, once the task was restored. */
  resumedFrom: number | null | undefined;
  dropped: boolean;
};

export type Recorder = {
  readonly tasks: RecordedTask[];
  readonly makeTask: (ownership: Ownership) => Task;
  /** The living task of a partition. */
  at(partition: number): RecordedTask | undefined;
  /** Partitions whose task lives and has been restored. */
  living(): readonly number[];
  /** Resolves when `condition` holds; it is looked at whenever the log has called a task. */
  until(condition: () => boolean): Promise<void>;
};

export type Behaviour = {
  /** What a batch of input becomes; by default one event per input, and the position. */
  readonly outputsFor?: (records: readonly Delivered<"requests">[], task: RecordedTask) => Outputs;
  readonly eventsKnownUpTo?: (task: RecordedTask) => number | null;
};

export function outputsOf(records: readonly Delivered<"requests">[]): Outputs {
  const events = records.map((record) =>
    record.ok
      ? eventEntry(record.envelope.id, record.partition, record.envelope.id)
      : eventEntry(`unreadable ${record.offset}`, record.partition),
  );
  return { events, state: [], offers: [], handledUpTo: records.at(-1)?.offset ?? null };
}

export function createRecorder(behaviour: Behaviour = {}): Recorder {
  const tasks: RecordedTask[] = [];
  const watchers = new Set<() => void>();
  const tell = (): void => {
    // A turn later, so that the log has done what follows from the call.
    setImmediate(() => {
      for (const watcher of watchers) watcher();
    });
  };

  function makeTask(ownership: Ownership): Task {
    const recorded: RecordedTask = {
      ownership,
      state: [],
      events: [],
      inputs: [],
      resumedFrom: undefined,
      dropped: false,
    };
    tasks.push(recorded);
    return {
      restoreState: (record) => void recorded.state.push(record),
      eventsKnownUpTo: () => behaviour.eventsKnownUpTo?.(recorded) ?? null,
      restoreEvent: (record) => void recorded.events.push(record),
      resumeAfter(committed) {
        recorded.resumedFrom = committed;
        tell();
        return committed;
      },
      async handle(records) {
        recorded.inputs.push(...records);
        await ownership.commit((behaviour.outputsFor ?? outputsOf)(records, recorded));
        tell();
      },
      drop() {
        recorded.dropped = true;
        tell();
      },
    };
  }

  const alive = (): readonly RecordedTask[] =>
    tasks.filter((task) => !task.dropped && task.resumedFrom !== undefined);

  return {
    tasks,
    makeTask,
    at: (partition) => alive().findLast((task) => task.ownership.partition === partition),
    living: () =>
      alive()
        .map((task) => task.ownership.partition)
        .toSorted((a, b) => a - b),
    until: (condition) =>
      new Promise((resolve) => {
        const watcher = (): void => {
          if (!condition()) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
        watcher();
      }),
  };
}
