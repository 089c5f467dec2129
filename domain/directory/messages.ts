/** Accounts, preferences and rules, on the compacted `directory` topic: the newest of each key is in force. */
import type { ChoiceScheme } from "../dispatch/choose-server.ts";
import type { CustomerKey, SenderId } from "../kernel/identifiers.ts";
import type { Sealed } from "../kernel/sealed.ts";
import type { Instant, Milliseconds } from "../kernel/time.ts";
import type { Bulkiness, DailyWindow, ServiceLevel } from "../request/terms.ts";
import type { Hold } from "./hold.ts";

/** How a Sender may prove itself. A secret stands here hashed, or sealed where the mechanism needs it in clear. */
export type Credential =
  | { readonly mechanism: "password"; readonly keyId: string; readonly phc: string }
  | { readonly mechanism: "api-key"; readonly keyId: string; readonly sha256: string }
  | { readonly mechanism: "message-digest"; readonly keyId: string; readonly secret: Sealed };

export type SenderRegistered = {
  readonly type: "SenderRegistered";
  readonly sender: SenderId;
  readonly at: Instant;
  readonly standing: "active" | "suspended";
  readonly credentials: readonly Credential[];
  /** CIDR blocks from which it may send; empty: any. */
  readonly sources: readonly string[];
  /** Hours in which it wants calls placed (F02); empty: any. */
  readonly hours: readonly DailyWindow[];
  readonly serviceLevel: ServiceLevel;
  readonly bulkiness: Bulkiness;
};

export type CustomerPreferencesSet = {
  readonly type: "CustomerPreferencesSet";
  readonly customer: CustomerKey;
  readonly at: Instant;
  /** Declared zone, which wins over the number's; null: unknown. */
  readonly zone: string | null;
  readonly hours: readonly DailyWindow[];
  /** At most this many calls within `volumePeriodMs`; null: the Receiver's rule. */
  readonly volumeMax: number | null;
};

/** The Receiver's own rules, key "receiver"; switchable at run time. */
export type ReceiverRulesSet = {
  readonly type: "ReceiverRulesSet";
  readonly at: Instant;
  /** Name and version, kept in every verdict. */
  readonly version: string;
  readonly hours: readonly DailyWindow[];
  /** What to do when no zone is known for a number. */
  readonly unknownZone: "refuse" | "allow";
  readonly volumeMax: number;
  readonly volumePeriodMs: Milliseconds;
  /** Countries that may be called, ISO 3166-1; empty: any. */
  readonly countries: readonly string[];
  /** Prefixes that are never called, digits without plus. */
  readonly highRiskPrefixes: readonly string[];
  /** N of L12: how many offers a Request may have refused before it fails. */
  readonly offerRefusalsMax: number;
  /** N of enhanced Requests (O06). */
  readonly enhancedOfferRefusalsMax: number;
  /** How a telephony server is chosen (F05). */
  readonly serverChoice: ChoiceScheme;
  /** Outbound calls at most (F06), in percent of the ports of all servers together … */
  readonly loadPercentMax: number;
  /** … and of each server's own ports. */
  readonly serverLoadPercentMax: number;
  /** Ports of each server that offers leave to callers; a server's own setting counts where it is higher. */
  readonly inboundReserve: number;
  /** A Request that waited this long for a free line counts one refusal (F08); null: it waits till its deadline. */
  readonly lineWaitMs: Milliseconds | null;
  /** A lost call that may be repeated is due again after this (O07). */
  readonly lostRetryMs: Milliseconds;
  /** Wins a conflict of hours between Sender and Customer (P06). */
  readonly hoursPrecedence: "customer" | "sender";
};

export type DirectoryMessage = SenderRegistered | CustomerPreferencesSet | ReceiverRulesSet | Hold;
