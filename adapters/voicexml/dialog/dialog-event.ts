/** A VoiceXML event on its way to a handler. Nothing else may be thrown on purpose inside the interpreter. */
export class DialogEvent extends Error {
  override readonly name = "DialogEvent";
  /** As `_event`, e.g. "error.badfetch.http.404". */
  readonly event: string;
  /** Where no handler of a subdialog's own wants it, it is thrown at the `<subdialog>` that called. */
  readonly callerToo: boolean;

  constructor(event: string, message: string, options?: ErrorOptions & { readonly callerToo?: boolean }) {
    super(message, options);
    this.event = event;
    this.callerToo = options?.callerToo ?? false;
  }
}

/** A limit was breached twice, or in a handler: the session ends without asking the document again. */
export class DialogAborted extends Error {
  override readonly name = "DialogAborted";
  readonly event: string;

  constructor(event: string, message: string) {
    super(message);
    this.event = event;
  }
}

export function badFetch(message: string, suffix = ""): DialogEvent {
  return new DialogEvent(`error.badfetch${suffix}`, message);
}

export function semantic(message: string, suffix = ""): DialogEvent {
  return new DialogEvent(`error.semantic${suffix}`, message);
}
