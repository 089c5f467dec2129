/**
 * The header block as it came, looked at before any parser forgives anything: two From lines mean one Sender to
 * the program that checks and another to the one that acts.
 */
import { forbidden, type SmtpReply, unfit } from "./reply.ts";

export type MailHeader = {
  /** The unfolded value of a field; null where it is absent. Names in lower case. */
  get(name: string): string | null;
};

export type HeaderReading =
  | { readonly ok: true; readonly header: MailHeader }
  | { readonly ok: false; readonly reply: SmtpReply };

/** RFC 5322 section 3.6 and RFC 2045: these stand once; our own field too. */
const SINGLE: readonly string[] = [
  "from",
  "sender",
  "to",
  "subject",
  "date",
  "message-id",
  "mime-version",
  "content-type",
  "content-transfer-encoding",
  "auto-submitted",
  "reveille-authorization",
];

export function readMailHeader(mail: Buffer, headerBytesMax: number): HeaderReading {
  const end = endOfHeader(mail);
  if (end === null || end > headerBytesMax) {
    return no(unfit("header.too-large", `the header must end within ${headerBytesMax} bytes`));
  }
  const fields = new Map<string, string[]>();
  // Latin 1 keeps each byte as it is; fields that matter here are ASCII.
  const unfolded = mail.toString("latin1", 0, end).replaceAll(/\r?\n[ \t]+/g, " ");
  for (const line of unfolded.split(/\r?\n/)) {
    const colon = line.search(/[ \t]*:/);
    if (colon < 1) return no(unfit("header.malformed", "a line of the header has no field name"));
    const name = line.slice(0, colon).toLowerCase();
    fields.set(name, [...(fields.get(name) ?? []), line.slice(line.indexOf(":") + 1).trim()]);
  }
  const repeated = SINGLE.find((name) => (fields.get(name)?.length ?? 0) > 1);
  if (repeated !== undefined) return no(unfit("header.repeated", `${repeated} stands more than once`));
  return { ok: true, header: { get: (name) => fields.get(name)?.[0] ?? null } };
}

function endOfHeader(mail: Buffer): number | null {
  const ends = [mail.indexOf("\r\n\r\n"), mail.indexOf("\n\n")].filter((at) => at >= 0);
  return ends.length === 0 ? null : Math.min(...ends);
}

function no(reply: SmtpReply): HeaderReading {
  return { ok: false, reply };
}

/**
 * Mail that no person or program sent us on purpose: bounces, vacation notices, lists (RFC 3834 section 5). It is
 * refused, not swallowed: a Request sent by a program that marks its mails so must not vanish, and a refused
 * bounce ends there, having no sender to tell.
 */
export function refuseAutomatic(header: MailHeader, envelopeFrom: string): SmtpReply | null {
  const auto = header.get("auto-submitted")?.split(";")[0]?.trim().toLowerCase() ?? "no";
  const precedence = header.get("precedence")?.trim().toLowerCase() ?? "";
  if (envelopeFrom !== "" && auto === "no" && !["bulk", "list", "junk"].includes(precedence)) return null;
  return forbidden(
    "mail.automatic",
    "automatic mail makes no Requests; send without Auto-Submitted and Precedence",
  );
}
