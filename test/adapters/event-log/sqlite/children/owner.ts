/**
 * Works: every input becomes one event. Between inputs each task commits ticks of its own, so that it is found in
 * the middle of something whenever it is stopped. Says "owns <partition> <epoch>" and "refused <partition> <why>".
 */
import type { Ownership, Task } from "../../../../../domain/ports/event-log.ts";
import { eventEntry } from "../../../../contract/event-log-entries.ts";
import { outputsOf } from "../../../../contract/event-log-recorder.ts";
import { openChildLog, say } from "./child-log.ts";

const TICK_MS = 20;
const { log } = openChildLog();

function makeTask(ownership: Ownership): Task {
  const { partition, epoch } = ownership;
  async function tick(): Promise<void> {
    const events = [eventEntry(`tick of epoch ${epoch}`, partition)];
    try {
      await ownership.commit({ events, state: [], offers: [], handledUpTo: null });
      setTimeout(() => void tick(), TICK_MS);
    } catch (error) {
      say("refused", partition, error instanceof Error ? error.name : "?");
    }
  }
  return {
    restoreState: () => undefined,
    eventsKnownUpTo: () => null,
    restoreEvent: () => undefined,
    resumeAfter(committed) {
      say("owns", partition, epoch);
      void tick();
      return committed;
    },
    async handle(records) {
      await ownership.commit(outputsOf(records));
    },
    drop: () => undefined,
  };
}

log.work("dispatcher", makeTask);
