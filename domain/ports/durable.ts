import type { Brand } from "../kernel/brand.ts";
import type { Instant } from "../kernel/time.ts";

/**
 * Proof that everything which rests on a record would survive a power failure. Only an adapter that has waited
 * for the disk (or the brokers) makes one; functions with an effect outside the house (answer 202, send INVITE,
 * post a webhook) ask for it.
 */
export type Durable = Brand<{ readonly at: Instant }, "Durable">;
