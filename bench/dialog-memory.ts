/**
 * Memory of one waiting dialog: opens many in one thread, as a worker holds them, and prints one JSON line.
 * `node --expose-gc bench/dialog-memory.ts [dialogs]`
 */
import { createDialogTable } from "../adapters/voicexml/dialog-table.ts";

const TEXT = `<vxml version="2.1"><var name="name" expr="session.reveille.userData"/>
  <form><field name="pin" type="digits?length=4"><prompt>Hello <value expr="name"/>, your pin please.</prompt>
  <filled><exit expr="pin"/></filled></field></form></vxml>`;

const DIALOGS_MAX = 500;

const count = Math.min(DIALOGS_MAX, Number(process.argv[2] ?? "100"));
const table = createDialogTable((_session, step) => step());

function usedBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

async function open(session: number): Promise<void> {
  await table.open({
    type: "open",
    session,
    start: {
      document: { kind: "inline", text: TEXT, url: `reveille:inline/${session}` },
      session: { reveille: { userData: "Ada" } },
      defaults: null,
      hearsSpeech: false,
      limits: {},
    },
    seed: session,
    journal: [{ type: "start", now: 0, wall: 0 }],
    answered: 0,
  });
}

// The engine's own code and the first documents are paid for once.
for (let session = 0; session < 5; session += 1) await open(session);
const before = usedBytes();
const begun = performance.now();
for (let session = 5; session < count + 5; session += 1) await open(session);
const openMs = (performance.now() - begun) / count;
const bytes = (usedBytes() - before) / count;
const stepBegun = performance.now();
for (let session = 5; session < count + 5; session += 1)
  table.step(session, { type: "digit", digit: "1", now: 1, wall: 1 });
const stepMs = (performance.now() - stepBegun) / count;
process.stdout.write(
  `${JSON.stringify({ bench: "dialog-memory", dialogs: count, bytesPerDialog: Math.round(bytes), openMs, stepMs })}\n`,
);
