/**
 * Loads what a goto, submit, link, choice or subdialog leads to, completely, before anything is left: a missing
 * document, dialog or application root is an `error.badfetch` in the document that referred to it.
 */
import { DocumentError } from "../document/document-error.ts";
import { fragmentOf, withoutFragment } from "../document/uri.ts";
import { findDialog, type VoiceDocument } from "../document/voice-document.ts";
import type { Target } from "./completion.ts";
import type { Context } from "./context.ts";
import { badFetch, semantic } from "./dialog-event.ts";
import { type Fetched, type FetchOrder, type FetchTerms, fetchOrThrow } from "./fetching.ts";
import { breach, type Session, type Step } from "./session.ts";

/** A goto to `url` (absolute). A bare fragment of the active document stays in it (533); its full URL reloads it (534). */
export function* loadTarget(
  context: Context,
  reference: string,
  url: string,
  terms: FetchTerms,
): Step<Target> {
  const dialogId = fragmentOf(url);
  if (isFragmentOnly(reference)) {
    const dialog = requireDialog(context.document, dialogId);
    return { document: context.document, root: context.root, dialog, newDocument: false, bySubmit: false };
  }
  const document = yield* loadDocument(context.session, {
    kind: "document",
    url: withoutFragment(url),
    ...terms,
  });
  const root = yield* loadRoot(context, document, terms);
  return { document, root, dialog: requireDialog(document, dialogId), newDocument: true, bySubmit: false };
}

function isFragmentOnly(reference: string): boolean {
  const trimmed = reference.trim();
  return trimmed === "" || trimmed.startsWith("#");
}

/** The answer to a submit, as the document to go to. */
export function* targetOfAnswer(
  context: Context,
  answer: Fetched,
  dialogId: string | null,
  terms: FetchTerms,
): Step<Target> {
  const document = compileFetched(context.session, answer);
  const root = yield* loadRoot(context, document, terms);
  return { document, root, dialog: requireDialog(document, dialogId), newDocument: true, bySubmit: true };
}

export function requireDialog(document: VoiceDocument, id: string | null): Target["dialog"] {
  const dialog = findDialog(document, id);
  if (dialog !== null) return dialog;
  throw badFetch(id === null ? `${document.url}: has no dialog` : `${document.url}: has no dialog "${id}"`);
}

export function* loadDocument(session: Session, order: FetchOrder): Step<VoiceDocument> {
  const answer = yield* fetchOrThrow(session, order);
  return compileFetched(session, answer);
}

export function compileFetched(session: Session, answer: Fetched): VoiceDocument {
  session.documents += 1;
  if (session.documents > session.limits.documentsMax) {
    breach(session, "documents", `more than ${session.limits.documentsMax} documents in one call`);
  }
  try {
    return session.compile(answer.bytes, answer.charset, answer.url);
  } catch (error) {
    if (error instanceof DocumentError) throw badFetch(error.message);
    throw error;
  }
}

/** Null for a document that is its own root; the loaded one again while the application stays the same. */
export function* loadRoot(
  context: {
    readonly session: Session;
    readonly root: VoiceDocument | null;
    readonly document?: VoiceDocument;
  },
  document: VoiceDocument,
  terms: FetchTerms,
): Step<VoiceDocument | null> {
  const url = document.application;
  if (url === null || url === document.url) return null;
  if (context.root?.url === url) return context.root;
  // From a root to its leaf: the root is the document that is being left.
  if (context.document?.url === url) return context.document;
  const root = yield* loadDocument(context.session, { kind: "document", url, ...terms });
  if (root.application !== null) {
    throw semantic(`${url}: is named as application root and names a root itself`);
  }
  return root;
}
