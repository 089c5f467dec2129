import type { VoiceDocument } from "../document/voice-document.ts";
import type { XmlElement } from "../document/xml-node.ts";
import type { Value } from "../script/realm.ts";
import type { Recognition } from "./recognition.ts";

/** Where a goto, submit, link or choice leads: loaded and checked, so that entering it can't fail. */
export type Target = {
  readonly document: VoiceDocument;
  /** The application root, when it is another document. */
  readonly root: VoiceDocument | null;
  readonly dialog: XmlElement;
  /** False for a bare fragment: the document and its variables stay. */
  readonly newDocument: boolean;
  readonly bySubmit: boolean;
};

/** How a stretch of executable content ended; null when control fell off its end. */
export type Completion =
  /** `arrival`: what the caller said to a grammar of the target; it starts with that in hand. */
  | { readonly kind: "transition"; readonly target: Target; readonly arrival: Recognition | null }
  | { readonly kind: "next-item"; readonly name: string }
  | { readonly kind: "exit"; readonly value: string | null }
  | { readonly kind: "return"; readonly values: Readonly<Record<string, Value>> }
  | { readonly kind: "return-event"; readonly event: string; readonly message: string };

/** How an execution context ends: transitions and items are its own affair. */
export type ContextEnd = Exclude<Completion, { kind: "transition" } | { kind: "next-item" }>;
