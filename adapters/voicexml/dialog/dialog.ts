/**
 * One dialog as a step machine. `step` takes one input and answers with the effects that follow from it; it never
 * throws for what a document does, never waits, and reads no clock: the same inputs give the same effects, which
 * is what makes a dialog rebuildable after a crash and replayable for an auditor.
 *
 * Inside it is a generator, because the specification is written as nested loops that wait in their middle; a
 * hand-made state machine of the same would hide the algorithm that this code has to be compared with.
 */
import { instant } from "../../../domain/kernel/time.ts";
import { DEFAULTS_DOCUMENT, DEFAULTS_URL } from "../document/defaults.ts";
import { fragmentOf, INLINE_SCHEME, withoutFragment } from "../document/uri.ts";
import { compileText, type VoiceDocument } from "../document/voice-document.ts";
import type { Realm, Value } from "../script/realm.ts";
import { RealmDead, ScriptError } from "../script/script-error.ts";
import type { Completion, Target } from "./completion.ts";
import { DialogAborted, DialogEvent } from "./dialog-event.ts";
import type { DialogEnd, Effect, Input } from "./effects.ts";
import { DIALOG_LIMITS, type DialogLimits } from "./limits.ts";
import { playQueued } from "./play.ts";
import { runContext } from "./run-context.ts";
import { emit, type Session, type Step } from "./session.ts";
import { compileFetched, loadDocument, loadRoot, requireDialog } from "./targets.ts";

export type DialogStart = {
  readonly document:
    | { readonly kind: "url"; readonly url: string }
    | { readonly kind: "inline"; readonly text: string; readonly url: string };
  /** Becomes `session`, frozen. */
  readonly session: Readonly<Record<string, Value>>;
  /** Replaces the built-in defaults document; null: built-in. */
  readonly defaults: string | null;
  readonly hearsSpeech: boolean;
  readonly limits: Partial<DialogLimits>;
};

export type Dialog = {
  step(input: Input): readonly Effect[];
  /** For tests and replays: equal after equal histories. */
  fingerprint(): string;
};

const START_FETCH = { timeoutMs: 7_000, maxAge: null, maxStale: null } as const;

/** `compile` is where a worker shares compiled documents between its dialogs. */
export function createDialog(
  start: DialogStart,
  realm: Realm,
  compile: (bytes: Uint8Array, charset: string | null, url: string) => VoiceDocument,
): Dialog {
  let running: { readonly session: Session; readonly life: Step<void> } | null = null;
  let over = false;
  const run = (input: Input): readonly Effect[] => {
    // First, because it also begins the time that the scripts of this step have together.
    realm.setNow(instant(input.wall));
    running ??= begin(start, realm, compile);
    const { session, life } = running;
    session.now = input.now;
    session.outbox = [];
    session.elements = 0;
    try {
      if (life.next(input).done === true) over = true;
    } catch (error) {
      over = true;
      return [...session.outbox, ...failure(error)];
    }
    return session.outbox;
  };
  return {
    step(input) {
      if (over) return [];
      try {
        return run(input);
      } catch (error) {
        over = true;
        return failure(error);
      }
    },
    fingerprint: () => (running === null ? "" : realm.fingerprint(running.session.scope)),
  };
}

function begin(start: DialogStart, realm: Realm, compile: Session["compile"]) {
  const session = createSession(start, realm, compile);
  return { session, life: runSession(session, start) };
}

/** VoiceXML 2.0 5.1.4: "directly references either the local or remote property". */
const ORIGINATOR = `if (typeof connection === "object" && typeof connection.originator === "string")
  connection.originator = connection[connection.originator];`;

function createSession(start: DialogStart, realm: Realm, compile: Session["compile"]): Session {
  const scope = realm.scope(null, "session");
  for (const [name, value] of Object.entries(start.session)) realm.setValue(scope, name, value);
  realm.run(scope, ORIGINATOR);
  realm.freeze(scope);
  return {
    realm,
    scope,
    compile,
    limits: { ...DIALOG_LIMITS, ...start.limits },
    defaults: compileText(start.defaults ?? DEFAULTS_DOCUMENT, DEFAULTS_URL),
    hearsSpeech: start.hearsSpeech,
    outbox: [],
    lastId: 0,
    now: 0,
    hungUp: false,
    final: false,
    typeAhead: [],
    ignoreKeysUntil: 0,
    prompts: [],
    queuedCharacters: 0,
    lastMark: null,
    breached: new Set(),
    idleTurns: 0,
    documents: 0,
    logLines: 0,
    elements: 0,
    endedBy: null,
    handed: null,
  };
}

function* runSession(session: Session, start: DialogStart): Step<void> {
  // A generator's first input starts it and is seen by nobody: it is the "start".
  const end = yield* untilEnd(session, start);
  emit(session, { type: "ended", end: yield* lastWords(session, end) });
}

/** Nobody is left to handle a prompt that fails now, but whoever reads the record is told. */
function* lastWords(session: Session, end: DialogEnd): Step<DialogEnd> {
  try {
    yield* playQueued(session);
    return end;
  } catch (error) {
    if (!(error instanceof DialogEvent)) throw error;
    return { kind: "event", value: end.value, event: end.event ?? error.event };
  }
}

function* untilEnd(session: Session, start: DialogStart): Step<DialogEnd> {
  try {
    const target = yield* firstTarget(session, start);
    return endOf(session, yield* runContext(session, target, new Map(), 0));
  } catch (error) {
    // What no document is to blame for leaves without the prompts that are still queued.
    if (!(error instanceof DialogEvent || error instanceof DialogAborted || error instanceof ScriptError))
      throw error;
    return endOfFailure(error);
  }
}

function endOf(session: Session, completion: Completion): DialogEnd {
  const value = (completion.kind === "exit" ? completion.value : null) ?? session.handed;
  if (session.endedBy !== null) {
    return { kind: kindOf(session.endedBy), value, event: session.endedBy };
  }
  return { kind: session.hungUp ? "hangup" : "exit", value, event: null };
}

/** Events that the platform answers by letting the caller go, and that are nobody's error. */
const QUIET: ReadonlySet<string> = new Set([
  "noinput",
  "nomatch",
  "help",
  "cancel",
  "exit",
  "maxspeechtimeout",
]);

function kindOf(event: string): DialogEnd["kind"] {
  if (event === "connection.disconnect.transfer" || QUIET.has(event)) return "exit";
  return event.startsWith("connection.disconnect") ? "hangup" : "event";
}

/** The first document: nobody referred to it, so its failure ends the dialog at once. */
function* firstTarget(session: Session, start: DialogStart): Step<Target> {
  const { document: source } = start;
  const url = withoutFragment(source.url);
  const document =
    source.kind === "url"
      ? yield* loadDocument(session, { kind: "document", url, ...START_FETCH })
      : compileFetched(session, inlineAnswer(source.text, url));
  const root = yield* loadRoot({ session, root: null }, document, START_FETCH);
  const dialog = requireDialog(document, fragmentOf(source.url));
  return { document, root, dialog, newDocument: true, bySubmit: true };
}

function inlineAnswer(text: string, url: string) {
  const bytes = new TextEncoder().encode(text);
  // Text that came inside a Request is UTF-8 by then, whatever its declaration says.
  return { ok: true, url, status: 200, contentType: null, charset: "utf-8", bytes } as const;
}

export function inlineUrl(request: string): string {
  return `${INLINE_SCHEME}inline/${request}`;
}

/** Where our own code failed, without the message: that could hold what the caller said. */
function failure(error: unknown): readonly Effect[] {
  const end = endOfFailure(error);
  const place = error instanceof Error ? `${error.name} ${error.stack?.split("\n").at(1)?.trim() ?? ""}` : "";
  return [
    { type: "log", label: end.event ?? "", text: place },
    { type: "ended", end },
  ];
}

function endOfFailure(error: unknown): DialogEnd {
  if (error instanceof DialogAborted) return { kind: "limit", value: null, event: error.event };
  if (error instanceof DialogEvent || error instanceof ScriptError) {
    return { kind: "event", value: null, event: error.event };
  }
  if (error instanceof RealmDead)
    return { kind: "limit", value: null, event: "error.com.reveille.limit.script" };
  // A fault of ours: the call ends in order, and the name tells whoever reads the record where to look.
  return { kind: "limit", value: null, event: "error.com.reveille.internal" };
}
