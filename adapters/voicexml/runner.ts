/**
 * Runs VoiceXML over answered calls: the driven side of the port. Dialogs live in worker threads as pure step
 * machines; here their effects are performed, each wait with a watchdog, and what happens is given back as inputs.
 */
import type { DialogOrder, DialogResult, DialogRunner } from "../../domain/ports/dialog-runner.ts";
import { type DialogStart, inlineUrl } from "./dialog/dialog.ts";
import { performDialog } from "./perform-dialog.ts";
import { createPromptCache } from "./prompt-cache.ts";
import type { DialogRunnerOptions } from "./runner-options.ts";
import { createWorkerPool } from "./worker-pool.ts";

/** `run` before `start` throws; everything a document does ends in a `DialogResult`. */
export function createDialogRunner(options: DialogRunnerOptions): DialogRunner {
  const pool = createWorkerPool({ workers: options.workers, clock: options.clock });
  const prompts = createPromptCache(options.speech);
  return {
    start: () => pool.start(),
    stop: () => pool.stop(),
    run(order, leg, onStep, signal): Promise<DialogResult> {
      return performDialog({
        ...options,
        pool,
        prompts,
        order,
        leg,
        onStep,
        signal,
        start: startOf(order, options),
      });
    },
  };
}

function startOf(order: DialogOrder, options: DialogRunnerOptions): DialogStart {
  const { document } = order;
  const url = inlineUrl(order.request ?? "incoming");
  return {
    document: document.kind === "url" ? document : { kind: "inline", text: document.text, url },
    session: sessionVariables(order),
    defaults: options.defaults,
    hearsSpeech: false,
    limits: options.limits,
  };
}

/** VoiceXML 2.0 5.1.4, and our own under `session.reveille`. */
function sessionVariables(order: DialogOrder): DialogStart["session"] {
  const { connection } = order;
  return {
    connection: {
      local: { uri: connection.localUri },
      remote: { uri: connection.remoteUri },
      protocol: { name: "sip", version: "2.0" },
      originator: connection.originator,
      redirect: [],
      aai: "",
    },
    reveille: {
      requestId: order.request,
      sender: order.sender,
      attempt: order.attempt,
      userData: parseUserData(order.userData),
    },
  };
}

/** A Sender's JSON becomes a value that a document can walk through; any other text stays text. */
function parseUserData(text: string | null): null | string | DialogStart["session"] {
  if (text === null) return null;
  try {
    // oxlint-disable-next-line no-unsafe-type-assertion -- JSON.parse gives JSON
    return JSON.parse(text) as DialogStart["session"];
  } catch {
    return text;
  }
}
