import { createDialog, sdpOf } from "./dialog.ts";
import { requireOneLine, writeHost } from "./outgoing-text.ts";
import { newToken } from "./random-token.ts";
import type { IncomingInvite, SipDialog, SipHeader, SipTarget } from "./signalling.ts";
import type { CoreIncomingInvite, CoreNameAddr } from "./sip-core.ts";
import { createSipUri } from "./text-uri.ts";

export type IncomingInviteOptions = {
  readonly invite: CoreIncomingInvite;
  readonly peer: string;
  readonly contactHeader: string;
  /** The call came to nothing, or its dialog is over. */
  readonly onOver: () => void;
};

/** A call that somebody makes to us, until it is answered or refused. */
export function receiveInvite(options: IncomingInviteOptions): IncomingInvite {
  const { invite, peer } = options;
  const { message } = invite;
  const listeners: (() => void)[] = [];
  let over = false;
  // Whoever knows Call-ID and both tags can end the call: ours must not be guessable.
  invite.toTag = newToken();
  invite.delegate = {
    onCancel() {
      if (over) return;
      close(() => invite.reject({ statusCode: 487 }));
      for (const listener of listeners.splice(0)) listener();
    },
  };

  function close(say: () => unknown): void {
    over = true;
    say();
    options.onOver();
  }

  function answer(sdp: string): SipDialog | null {
    if (over || !invite.acceptable) return null;
    over = true;
    const { session } = invite.accept({
      statusCode: 200,
      body: { contentDisposition: "session", contentType: "application/sdp", content: sdp },
    });
    return createDialog({
      callId: message.callId,
      peer,
      session,
      contactHeader: options.contactHeader,
      onOver: options.onOver,
    });
  }

  return {
    callId: message.callId,
    peer,
    callerUser: callerOf(message.from),
    calledUser: plainUser(message.ruri?.user),
    sdp: sdpOf(message),
    ring() {
      if (!over && invite.progressable) invite.progress({ statusCode: 180 });
    },
    answer,
    reject(status: number, headers: readonly SipHeader[] = []) {
      if (over || !invite.rejectable) return;
      close(() => invite.reject({ statusCode: status, extraHeaders: headers.map(writeHeader) }));
    },
    redirect(contact: SipTarget) {
      if (over || !invite.rejectable) return;
      const uri = createSipUri(contact.user, writeHost(contact.host), contact.port);
      close(() => invite.redirect([uri], { statusCode: 302 }));
    },
    onCancelled(listener) {
      listeners.push(listener);
    },
  };
}

export function writeHeader({ name, value }: SipHeader): string {
  return `${requireOneLine(name, "a header name")}: ${requireOneLine(value, `header ${name}`)}`;
}

const TEL = /^tel:([^;]*)/i;

function callerOf(from: CoreNameAddr): string | null {
  if (from.uri.scheme === "tel") return plainUser(TEL.exec(from.uri.toString())?.[1]) || null;
  const user = plainUser(from.uri.user);
  return user === "" || user.toLowerCase() === "anonymous" ? null : user;
}

/** Decoded (the parser has seen that it can be), without controls: it goes into events. */
function plainUser(user: string | undefined): string {
  // oxlint-disable-next-line no-control-regex -- removing them is the point
  return decodeURIComponent(user ?? "").replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "");
}
