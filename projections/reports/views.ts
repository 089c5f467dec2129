/** Views that add up, over the views of the tables. Their columns are a promise between releases, as those are. */
import { VIEWS, type View } from "./table.ts";

const DAY = { name: "day", type: "Date", meaning: "Day of dispatch, in UTC" };
const SENDER = { name: "sender", type: "String", meaning: "Account of the Sender" };

/** Groups the outcomes of the domain; what is not named is a failure of some kind. */
export const RESULT_OF_OUTCOME = `multiIf(outcome IN ('completed', 'answered-unknown'), 'completed', outcome = 'machine', 'machine', outcome IN ('cancelled', 'too-late'), 'not called', 'failed')`;

const OUTCOMES: View = {
  name: "v_outcomes",
  meaning: "Calls by day, account, server and what became of them",
  columns: [
    DAY,
    SENDER,
    { name: "application", type: "String", meaning: "The VoiceXML program" },
    { name: "server", type: "String", meaning: "Telephony server" },
    { name: "trunk", type: "String", meaning: "Trunk" },
    { name: "customer_prefix", type: "String", meaning: "Country and area code called" },
    { name: "outcome", type: "String", meaning: "What became of the call" },
    {
      name: "result",
      type: "String",
      meaning: "The same in four words: completed, machine, not called, failed",
    },
    { name: "answered_by", type: "String", meaning: "human, machine, fax or unknown" },
    { name: "sip_code", type: "Nullable(UInt16)", meaning: "Final SIP status" },
    { name: "q850", type: "Nullable(UInt8)", meaning: "Q.850 cause" },
    { name: "calls", type: "UInt64", meaning: "Calls" },
    { name: "talk_s", type: "Float64", meaning: "Seconds of talk" },
  ],
  select: `SELECT toDate(dispatched_at) AS day, sender, application, server, trunk, customer_prefix, outcome,
  ${RESULT_OF_OUTCOME} AS result, answered_by, sip_code, q850, count() AS calls, sum(talk_ms) / 1000 AS talk_s
FROM ${VIEWS}.v_calls WHERE direction = 'outbound' GROUP BY ALL`,
};

const ACCOUNTING_DAILY: View = {
  name: "v_accounting_daily",
  meaning: "Outbound calls and their length by day and account",
  columns: [
    DAY,
    SENDER,
    { name: "service", type: "String", meaning: "Service level" },
    { name: "calls", type: "UInt64", meaning: "Calls made" },
    { name: "answered", type: "UInt64", meaning: "Calls that were answered" },
    { name: "talk_ms", type: "UInt64", meaning: "Milliseconds of talk, not rounded" },
    { name: "talk_minutes", type: "Float64", meaning: "The same in minutes" },
  ],
  select: `SELECT toDate(dispatched_at) AS day, sender, service, count() AS calls, countIf(answered_at IS NOT NULL) AS answered,
  sum(calls_.talk_ms) AS talk_ms, sum(calls_.talk_ms) / 60000 AS talk_minutes
FROM ${VIEWS}.v_calls AS calls_ WHERE direction = 'outbound' AND invite_at IS NOT NULL GROUP BY day, sender, service`,
};

const PORTS: View = {
  name: "v_ports",
  meaning: "Use of ports by server and day; a call counts on the day on which it took its port",
  columns: [
    { name: "server", type: "String", meaning: "Telephony server" },
    { name: "day", type: "Date", meaning: "Day of the seizure, in UTC" },
    { name: "seizures", type: "UInt64", meaning: "Times that a port was taken" },
    { name: "inbound", type: "UInt64", meaning: "Of these for incoming calls" },
    { name: "peak_ports", type: "UInt64", meaning: "Most ports in use at once" },
    { name: "port_hours", type: "Float64", meaning: "Hours of use, all ports together: erlang hours" },
  ],
  select: `SELECT server, assumeNotNull(toDate(port_seized_at)) AS day, count() AS seizures, countIf(direction = 'inbound') AS inbound,
  maxIntersections(toUnixTimestamp64Milli(assumeNotNull(port_seized_at)), toUnixTimestamp64Milli(assumeNotNull(port_released_at))) AS peak_ports,
  sum(assumeNotNull(dateDiff('millisecond', port_seized_at, port_released_at))) / 3600000 AS port_hours
FROM ${VIEWS}.v_calls WHERE port_seized_at IS NOT NULL AND port_released_at IS NOT NULL GROUP BY server, day`,
};

export const DERIVED_VIEWS: readonly View[] = [ACCOUNTING_DAILY, OUTCOMES, PORTS];
