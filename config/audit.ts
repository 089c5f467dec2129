/** What auditors need: the key that signs exports, and where a second copy of every Request's events is kept. */
import { resolve } from "node:path";
import type { SettingReader } from "./setting-reader.ts";

export type AuditSettings = {
  /** PEM file of the private key; null: "audit.key" in the data folder. */
  readonly keyFile: string | null;
  /** Null: no second copy. */
  readonly store:
    | { readonly kind: "eventstoredb"; readonly url: string }
    | { readonly kind: "file"; readonly path: string }
    | null;
};

export function readAuditSettings({ text, fail }: SettingReader): AuditSettings {
  const keyFile = text("REVEILLE_AUDIT_KEY", "");
  const url = text("REVEILLE_EVENTSTOREDB", "");
  const file = text("REVEILLE_AUDIT_COPY", "");
  // The value is not repeated: it may hold a password.
  if (url !== "" && !/^(?:esdb|kurrentdb)(?:\+discover)?:\/\//.test(url))
    fail("REVEILLE_EVENTSTOREDB", "…", "is no address of EventStoreDB; give one such as esdb://events:2113");
  if (url !== "" && file !== "")
    fail("REVEILLE_AUDIT_COPY", file, "goes beside REVEILLE_EVENTSTOREDB; give one of the two");
  return {
    keyFile: keyFile === "" ? null : resolve(keyFile),
    store:
      url !== "" ? { kind: "eventstoredb", url } : file !== "" ? { kind: "file", path: resolve(file) } : null,
  };
}
