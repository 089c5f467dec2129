/** What a mail is answered with: an SMTP code, an enhanced code (RFC 3463), our reason code, and a sentence. */

export type SmtpReply = {
  readonly code: 250 | 450 | 451 | 454 | 530 | 535 | 550 | 554;
  /** Null: the one that the server library has for the code. */
  readonly enhanced: string | null;
  readonly text: string;
};

/** The Request is durable: its id is in the reply, so that even a log of the mail server can be searched for it. */
export function accepted(requestId: string, replayed: boolean): SmtpReply {
  return { code: 250, enhanced: null, text: `OK: ${requestId} ${replayed ? "was taken before" : "taken"}` };
}

/** The mail cannot become a Request, whoever sent it. 5.6.0: something about its content. */
export function unfit(reason: string, detail: string): SmtpReply {
  return { code: 554, enhanced: "5.6.0", text: `${reason}: ${detail}` };
}

/** The mail is understood and nobody will act on it. 5.7.1: delivery not authorized. */
export function forbidden(reason: string, detail: string): SmtpReply {
  return { code: 550, enhanced: "5.7.1", text: `${reason}: ${detail}` };
}

/** Nothing was stored; the mail server in front keeps the mail and comes again. */
export function later(detail: string): SmtpReply {
  return { code: 451, enhanced: "4.3.0", text: `unavailable: ${detail}` };
}

const TEXT_CHARACTERS_MAX = 400;

/** One line of printable ASCII, within the 512 bytes of RFC 5321 section 4.5.3.1.5. */
export function replyText(reply: SmtpReply): string {
  return reply.text.replaceAll(/[^ -~]/g, "?").slice(0, TEXT_CHARACTERS_MAX);
}

/**
 * As the error that the server library wants. It derives the enhanced code from the number, and says 5.1.1 (no
 * such mailbox) for 550, upon which mail servers strike the address from their lists. It writes the code as it
 * is, so ours carries its own; the test of the replies holds this for the pinned version.
 */
export function asError(reply: SmtpReply): Error {
  const responseCode = reply.enhanced === null ? reply.code : `${reply.code} ${reply.enhanced}`;
  return Object.assign(new Error(replyText(reply)), { responseCode });
}
