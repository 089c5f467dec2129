import { DialogEvent } from "./dialog-event.ts";
import type { Session } from "./session.ts";

/** The caller is gone: from here on handlers may run and fetch, but nothing is played or heard (1.5.4). */
export function hangup(session: Session): DialogEvent {
  session.final = true;
  return new DialogEvent("connection.disconnect.hangup", "the caller hung up");
}
