/** What dispatcher tasks say to telephony servers, on `offers`: offer, grant, hang up. */
import type { CustomerKey, OfferId, RequestId, SenderId, ServerId } from "../kernel/identifiers.ts";
import type { Sealed } from "../kernel/sealed.ts";
import type { Instant, Milliseconds } from "../kernel/time.ts";
import type { DocumentSource } from "../request/terms.ts";

type ToServer = {
  readonly server: ServerId;
  readonly offer: OfferId;
  readonly requestId: RequestId;
  /** Key of the facts that answer it, and subject of what the call collects. */
  readonly customer: CustomerKey;
  /** Partition and owner epoch: older ones than the newest seen for that partition are ignored. */
  readonly partition: number;
  readonly epoch: number;
  readonly at: Instant;
};

/** "Will you take this call?" The server holds a port, or says no; it dials nobody yet. */
export type Offer = ToServer & {
  readonly type: "Offer";
  readonly attempt: number;
  readonly expiresAt: Instant;
  /** The Receiver's rules: outbound calls at most, in percent of the server's ports. */
  readonly outboundPercentMax: number;
  /** … and ports left to callers, where it is more than the server's own setting. */
  readonly inboundReserve: number;
};

/** "Call now." Carries all that the call needs; the only message that leads to an INVITE. */
export type Grant = ToServer & {
  readonly type: "Grant";
  readonly attempt: number;
  readonly sender: SenderId;
  readonly to: Sealed;
  readonly from: Sealed | null;
  readonly document: DocumentSource;
  readonly ringTimeoutMs: Milliseconds;
  readonly maxSessionMs: Milliseconds;
  readonly callBefore: Instant;
  readonly userData: Sealed | null;
};

/** The Request was cancelled: release the port, or end the call. */
export type HangUp = ToServer & { readonly type: "HangUp"; readonly why: "cancelled" | "offer-expired" };

export type OfferMessage = Offer | Grant | HangUp;
