/** The real worker, except that the words "get stuck" keep it busy for ever, as a native loop of a script would. */
import { parentPort, workerData } from "node:worker_threads";
import { createDialogTable, warmUp } from "../../../../adapters/voicexml/dialog-table.ts";
import {
  type HostMessage,
  WATCH_EVALUATION,
  WATCH_SESSION,
  WATCH_STEP,
} from "../../../../adapters/voicexml/worker-messages.ts";

// oxlint-disable-next-line no-unsafe-type-assertion -- what the pool hands in
const watch = new Int32Array((workerData as { readonly watch: SharedArrayBuffer }).watch);

/** As many evaluations of a guilty dialog as it takes to reach the step after the words. */
let evaluation = 0;

const table = createDialogTable(
  (session, step) => {
    Atomics.add(watch, WATCH_STEP, 1);
    Atomics.store(watch, WATCH_SESSION, session);
    const effects = step();
    Atomics.store(watch, WATCH_SESSION, 0);
    return effects;
  },
  (count) => {
    evaluation = count;
  },
);

let queue: Promise<void> = Promise.resolve();
parentPort?.on("message", (message: HostMessage) => {
  queue = queue.then(() => receive(message));
});

async function receive(message: HostMessage): Promise<void> {
  if (message.type === "open") {
    for (const effects of await table.open(message)) reply(message.session, effects);
  } else if (message.type === "input") {
    if (message.input.type === "words") {
      Atomics.store(watch, WATCH_SESSION, message.session);
      Atomics.store(watch, WATCH_EVALUATION, evaluation + 1);
      for (;;) Atomics.load(watch, WATCH_STEP);
    }
    reply(message.session, table.step(message.session, message.input) ?? []);
  }
}

function reply(session: number, effects: readonly unknown[]): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage({ type: "effects", session, effects });
}

await warmUp(table);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage({ type: "ready" });
