/** The Receiver's rules of an installation that has set none: careful, and named as what they are. */
import type { ReceiverRulesSet } from "../directory/messages.ts";
import { DAY_MS, type Instant, milliseconds, SECOND_MS } from "../kernel/time.ts";

/** Changes with any value below, since verdicts name it. */
const VERSION = "default@2026-11b";

// Closed by default: most toll fraud goes to countries that a Receiver never meant to call. These are the ones
// where a call costs about as much as at home; the North American code alone hides twenty countries.
const ORDINARY_COUNTRIES =
  "AT AU BE BG CA CH CY CZ DE DK EE ES FI FR GB GG GR HR HU IE IM IS IT JE LI LT LU LV MT NL NO NZ PL PT RO SE SI SK US";

// Satellite and international networks, also where a rule opens every country.
const HIGH_RISK_PREFIXES = "870 878 881 882 883 888 979";

/** In force until the first `ReceiverRulesSet` of the directory. Calls from 8 to 21 h of the Customer's clock. */
export function defaultReceiverRules(at: Instant): ReceiverRulesSet {
  return {
    type: "ReceiverRulesSet",
    at,
    version: VERSION,
    hours: [{ fromMinute: 8 * 60, toMinute: 21 * 60, zone: null }],
    unknownZone: "refuse",
    volumeMax: 6,
    volumePeriodMs: milliseconds(DAY_MS),
    countries: ORDINARY_COUNTRIES.split(" "),
    highRiskPrefixes: HIGH_RISK_PREFIXES.split(" "),
    offerRefusalsMax: 5,
    enhancedOfferRefusalsMax: 10,
    serverChoice: "low-load",
    loadPercentMax: 100,
    serverLoadPercentMax: 100,
    inboundReserve: 0,
    lineWaitMs: null,
    lostRetryMs: milliseconds(30 * SECOND_MS),
    hoursPrecedence: "customer",
  };
}
