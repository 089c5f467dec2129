/**
 * Where in a mail the Request is (C02, C18, C21): one part of type application/json, or else the text. Files that
 * came with it must be listed in the Request with their SHA-256; so a signature over the Request covers them too.
 * Fields are taken from the Request alone, never from a header.
 */
import { createHash } from "node:crypto";
import type { RequestDraft } from "../../domain/request/draft.ts";
import { parseDraft } from "../../domain/request/parse-draft.ts";
import { decodeUtf8, readStrictJson, readStrictJsonBytes } from "../../domain/request/strict-json.ts";
import type { MailAttachment, ParsedMail } from "./parsed-mail.ts";
import { type SmtpReply, unfit } from "./reply.ts";
import { readRequestText } from "./request-text.ts";

/** The Request as it stands in the mail, not yet read. */
export type RequestPart =
  | { readonly form: "json"; readonly bytes: Uint8Array; readonly files: readonly MailAttachment[] }
  | { readonly form: "text"; readonly bytes: Uint8Array; readonly files: readonly MailAttachment[] };

export type PartFound =
  | { readonly ok: true; readonly part: RequestPart }
  | { readonly ok: false; readonly reply: SmtpReply };

export type MailDraft =
  | { readonly ok: true; readonly draft: RequestDraft; readonly attached: readonly string[] }
  | { readonly ok: false; readonly reply: SmtpReply };

export function findRequestPart(mail: ParsedMail): PartFound {
  const [json, ...more] = mail.attachments.filter((part) => part.contentType === "application/json");
  if (more.length > 0) {
    return {
      ok: false,
      reply: unfit("mail.ambiguous", "more than one application/json part; send one Request a mail"),
    };
  }
  if (json !== undefined) {
    const files = mail.attachments.filter((part) => part !== json);
    return { ok: true, part: { form: "json", bytes: json.bytes, files } };
  }
  const bytes = new TextEncoder().encode(mail.text ?? "");
  return { ok: true, part: { form: "text", bytes, files: mail.attachments } };
}

export function readMailDraft(part: RequestPart, isZone: (name: string) => boolean): MailDraft {
  const reading: ValueRead = part.form === "json" ? readStrictJsonBytes(part.bytes) : readText(part.bytes);
  if (!reading.ok) return no(reading.code, reading.message);
  const embedded = embedDocument(reading.value, part.files);
  if (!embedded.ok) return embedded;
  const parsed = parseDraft(embedded.value, isZone);
  if (!parsed.ok) {
    const [first] = parsed.errors;
    return no(first?.code ?? "request-invalid", `${first?.pointer || "the Request"} ${first?.message}`);
  }
  return checkFiles(parsed.draft, part.files);
}

function no(reason: string, detail: string): { readonly ok: false; readonly reply: SmtpReply } {
  return { ok: false, reply: unfit(reason, detail) };
}

type ValueRead =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Through the same strict reading as JSON, so that no character slips in by this door. */
function readText(bytes: Uint8Array): ValueRead {
  const text = readRequestText(decodeUtf8(bytes) ?? "");
  if (text.ok) return readStrictJson(JSON.stringify(text.value));
  return { ok: false, code: "mail.not-a-request", message: text.detail };
}

type Embedded =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reply: SmtpReply };

/** `"document": {"attached": "menu.vxml"}` stands for that file's text: a mail has better places for it than a JSON string. */
function embedDocument(value: unknown, files: readonly MailAttachment[]): Embedded {
  const name = attachedDocument(value);
  if (name === null) return { ok: true, value };
  const file = files.find((candidate) => candidate.name === name);
  if (file === undefined)
    return no("resource.missing", "the file that document.attached names did not come with the mail");
  const inline = decodeUtf8(file.bytes);
  if (inline === null) return no("resource.encoding", "the attached document is not UTF-8");
  const members = Object.entries(membersOf(value)).filter(([key]) => key !== "document");
  return { ok: true, value: Object.fromEntries([...members, ["document", { inline }]]) };
}

function attachedDocument(value: unknown): string | null {
  const document = membersOf(membersOf(value)["document"]);
  const { attached } = document;
  return Object.keys(document).length === 1 && typeof attached === "string" ? attached : null;
}

function membersOf(value: unknown): { readonly [name: string]: unknown; readonly attached?: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function checkFiles(draft: RequestDraft, files: readonly MailAttachment[]): MailDraft {
  for (const file of files) {
    const resource = draft.resources.find((candidate) => candidate.name === file.name);
    if (resource === undefined) return no("resource.unlisted", "a file came that the Request does not list");
    if (resource.sha256 === null)
      return no("resource.mismatch", `${resource.name} needs its sha256 in the Request`);
    const found = createHash("sha256").update(file.bytes).digest("hex");
    if (found !== resource.sha256)
      return no("resource.mismatch", `${resource.name} is not the file that was meant`);
  }
  const attached = files.map((file) => file.name ?? "");
  if (new Set(attached).size < attached.length) return no("mail.ambiguous", "two files have the same name");
  return { ok: true, draft, attached };
}
