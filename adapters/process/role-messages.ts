/** What a role and its supervisor say to each other: messages up, signals down. */

/** Addresses that a role listens on, by name, as "host:port". */
export type Listens = Readonly<Record<string, string>>;

/** It serves. */
export type ReadyMessage = { readonly type: "ready"; readonly listens: Listens };
/** It can't serve yet, and says why; told again while that lasts. */
export type WaitingMessage = { readonly type: "waiting"; readonly what: string };
/** Anything else that a role wants its supervisor to hear (trials and the demo). */
export type NoteMessage = { readonly type: "note"; readonly note: unknown };

/** Take nothing new, finish what is under way, end. What process managers send. */
export const STOP_AFTER_DRAINING = "SIGTERM";
/** End now, what is under way with it. What a terminal sends. */
export const STOP_NOW = "SIGINT";
export type StopSignal = typeof STOP_AFTER_DRAINING | typeof STOP_NOW;

export function isReady(message: unknown): message is ReadyMessage {
  return typeOf(message) === "ready";
}

export function isWaiting(message: unknown): message is WaitingMessage {
  return typeOf(message) === "waiting";
}

export function isNote(message: unknown): message is NoteMessage {
  return typeOf(message) === "note";
}

function typeOf(message: unknown): unknown {
  return typeof message === "object" && message !== null && "type" in message ? message.type : null;
}
