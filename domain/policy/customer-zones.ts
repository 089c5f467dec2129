/**
 * Where the Customer's clock may stand. A declared zone wins alone. Else the number's own zones count, all of
 * them: a prefix tells where a number was given out, never where the telephone is. A toll-free or premium
 * number is at home in every zone of its country and tells nothing.
 */
import type { CustomerPreferencesSet } from "../directory/messages.ts";
import type { NumberFacts } from "../ports/numbering-plan.ts";
import type { ZoneClock } from "../ports/zone-clock.ts";

export type CustomerZones = {
  readonly from: "declared" | "number" | "unknown";
  /** Empty exactly when unknown. */
  readonly zones: readonly string[];
};

/** A number of more zones than this is at home anywhere. */
const ZONES_MAX = 4;

export function customerZones(
  customer: CustomerPreferencesSet | null,
  number: NumberFacts | null,
  clock: ZoneClock,
): CustomerZones {
  const declared = customer?.zone ?? null;
  if (declared !== null && clock.isZone(declared)) return { from: "declared", zones: [declared] };
  const zones =
    number === null || isAnywhere(number) ? [] : number.zones.filter((zone) => clock.isZone(zone));
  if (zones.length === 0) return { from: "unknown", zones: [] };
  return { from: "number", zones };
}

function isAnywhere({ type, zones }: NumberFacts): boolean {
  return type === "toll-free" || type === "premium-rate" || zones.length > ZONES_MAX;
}
