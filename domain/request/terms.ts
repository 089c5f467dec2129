import type { CustomerKey, SenderId } from "../kernel/identifiers.ts";
import type { Sealed } from "../kernel/sealed.ts";
import type { Instant, Milliseconds } from "../kernel/time.ts";

/** The VoiceXML program: where it is, or the program itself, sealed (B02, B03). */
export type DocumentSource =
  | { readonly kind: "url"; readonly url: string; readonly sealed: null; readonly sha256: null }
  | { readonly kind: "inline"; readonly url: null; readonly sealed: Sealed; readonly sha256: string };

/** A daily window in minutes after local midnight; it may cross midnight. `zone` null: the Customer's own. */
export type DailyWindow = {
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly zone: string | null;
};

/** A file that the program needs (F01): by URL, or attached under this name. */
export type Resource = { readonly name: string; readonly url: string | null; readonly sha256: string | null };

export type ServiceLevel = "basic" | "enhanced";
export type Bulkiness = "solitary" | "bulk";
export type Purpose = "marketing" | "informational" | "transactional" | "emergency";

/** What a Sender asks for, parsed, with everything personal sealed (B01 … B14). Field by field as in the Avro record. */
export type RequestTerms = {
  readonly sender: SenderId;
  readonly customer: CustomerKey;
  readonly to: Sealed;
  /** Billing prefix of the number: digits, no plus. */
  readonly prefix: string;
  readonly from: Sealed | null;
  readonly document: DocumentSource;
  readonly ringTimeoutMs: Milliseconds;
  readonly maxSessionMs: Milliseconds;
  /** Not before this instant (O04); null: at once. */
  readonly notBefore: Instant | null;
  /** Binding deadline: no INVITE after it. */
  readonly notAfter: Instant;
  readonly window: DailyWindow | null;
  readonly serviceLevel: ServiceLevel;
  readonly bulkiness: Bulkiness;
  /** The Sender's own rank, 0 (last) … 9 (first). */
  readonly rank: number;
  readonly purpose: Purpose;
  /** What a call lost after its answer becomes; before the answer the service level decides. */
  readonly onLost: "stop" | "retry";
  /** Calls at most, all causes together. */
  readonly maxAttempts: number;
  readonly resources: readonly Resource[];
  /** Names of resources that came attached to the Request. */
  readonly attached: readonly string[];
  readonly userData: Sealed | null;
  /** Notices that the Sender wants, by event name (B13). */
  readonly notify: readonly string[];
};

/** How the Sender proved who it is: never the proof itself. */
export type Authentication = {
  readonly mechanism: "password" | "api-key" | "message-digest";
  readonly keyId: string;
};

export type Channel = "http" | "email" | "console" | "inbound";
