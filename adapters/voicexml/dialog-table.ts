/** The dialogs of one worker, each with its realm; compiled documents are shared between them. */
import { instant } from "../../domain/kernel/time.ts";
import { createDialog, type Dialog } from "./dialog/dialog.ts";
import type { Effect, Input } from "./dialog/effects.ts";
import { compileDocument, type VoiceDocument } from "./document/voice-document.ts";
import { createRealm, type Realm } from "./script/realm.ts";
import type { HostMessage } from "./worker-messages.ts";

/** Compiled documents kept per worker, by address and content. */
const DOCUMENT_CACHE_MAX = 64;

type Row = { readonly dialog: Dialog; readonly realm: Realm };

export type DialogTable = {
  /** Answers one list of effects per step that was not answered before. */
  open(order: Extract<HostMessage, { type: "open" }>): Promise<readonly (readonly Effect[])[]>;
  /** Null for a session that is not here (any more). */
  step(session: number, input: Input): readonly Effect[] | null;
  close(session: number): void;
  size(): number;
};

export function createDialogTable(
  aroundStep: (session: number, step: () => readonly Effect[]) => readonly Effect[],
  onEvaluation: (count: number) => void,
): DialogTable {
  const rows = new Map<number, Row>();
  const compile = createCompiler();
  return {
    async open(order) {
      const first = order.journal[0];
      const realm = await createRealm({
        seed: order.seed,
        now: instant(first?.wall ?? 0),
        onEvaluation,
        refuse: order.refuse,
      });
      const dialog = createDialog(order.start, realm, compile);
      rows.set(order.session, { dialog, realm });
      const steps = order.journal.map((input) => aroundStep(order.session, () => dialog.step(input)));
      return steps.slice(order.answered);
    },
    step(session, input) {
      const row = rows.get(session);
      return row === undefined ? null : aroundStep(session, () => row.dialog.step(input));
    },
    close(session) {
      rows.get(session)?.realm.dispose();
      rows.delete(session);
    },
    size: () => rows.size,
  };
}

/** A whole dialog with its script and grammar, so that the first caller does not pay for compiling the engine. */
export async function warmUp(table: DialogTable): Promise<void> {
  const text =
    '<vxml version="2.1"><form><var name="a" expr="[1,2].join()"/><field name="f" type="digits"><prompt>x</prompt></field></form></vxml>';
  const start = {
    document: { kind: "inline", text, url: "reveille:warm-up" },
    session: {},
    defaults: null,
    hearsSpeech: false,
    limits: {},
  } as const;
  const journal = [{ type: "start", now: 0, wall: 0 }] as const;
  for (const session of [-1, -2])
    await table.open({ type: "open", session, start, seed: 0, journal, answered: 0, refuse: 0 });
  for (const session of [-1, -2]) table.close(session);
}

function createCompiler() {
  const cache = new Map<string, VoiceDocument>();
  return (bytes: Uint8Array, charset: string | null, url: string): VoiceDocument => {
    const key = `${url}\n${charset ?? ""}\n${Buffer.from(bytes).toString("latin1")}`;
    const found = cache.get(key) ?? compileDocument(bytes, charset, url);
    cache.delete(key);
    cache.set(key, found);
    const oldest = cache.keys().next().value;
    if (cache.size > DOCUMENT_CACHE_MAX && oldest !== undefined) cache.delete(oldest);
    return found;
  };
}
