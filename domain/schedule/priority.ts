import type { RequestTerms } from "../request/terms.ts";

/**
 * The order in which waiting Requests are served, as one number: lower goes first. Service level before all
 * (O08), then solitary before bulk (O10), then the Sender's own rank (O11). Within one number the oldest goes
 * first (O01).
 */
export function priorityOf(terms: Pick<RequestTerms, "serviceLevel" | "bulkiness" | "rank">): number {
  const level = terms.serviceLevel === "enhanced" ? 0 : 100;
  const bulk = terms.bulkiness === "solitary" ? 0 : 10;
  return level + bulk + (9 - terms.rank);
}
