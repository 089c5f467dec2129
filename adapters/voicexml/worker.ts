/** The worker thread: steps of many dialogs, one after the other. It says in shared memory whose step it is in. */
import { parentPort, workerData } from "node:worker_threads";
import type { Effect } from "./dialog/effects.ts";
import { createDialogTable, warmUp } from "./dialog-table.ts";
import {
  type HostMessage,
  WATCH_EVALUATION,
  WATCH_SESSION,
  WATCH_STEP,
  type WorkerMessage,
} from "./worker-messages.ts";

const port = parentPort;
if (port === null) throw new Error("voicexml/worker.ts runs as a worker thread of runner.ts only");

// oxlint-disable-next-line no-unsafe-type-assertion -- what startThread hands in
const watch = new Int32Array((workerData as { readonly watch: SharedArrayBuffer }).watch);

function watched(session: number, step: () => readonly Effect[]): readonly Effect[] {
  Atomics.add(watch, WATCH_STEP, 1);
  Atomics.store(watch, WATCH_SESSION, session);
  try {
    return step();
  } finally {
    Atomics.store(watch, WATCH_SESSION, 0);
  }
}

const table = createDialogTable(watched, (count) => Atomics.store(watch, WATCH_EVALUATION, count));
const send = (message: WorkerMessage): void => port.postMessage(message);

// One message after the other, also across the wait for a realm: an input never overtakes its "open".
let queue: Promise<void> = Promise.resolve();
port.on("message", (message: HostMessage) => {
  queue = queue.then(() => receive(message));
});

async function receive(message: HostMessage): Promise<void> {
  switch (message.type) {
    case "open":
      for (const effects of await table.open(message))
        send({ type: "effects", session: message.session, effects });
      return;
    case "input": {
      const effects = table.step(message.session, message.input);
      if (effects !== null) send({ type: "effects", session: message.session, effects });
      return;
    }
    case "close":
      table.close(message.session);
      return;
    default:
      message satisfies never;
  }
}

await warmUp(table);
send({ type: "ready" });
