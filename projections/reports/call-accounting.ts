/** Number and length of outbound connections by account and day: what a bill rests on (N06, N07, N14). */
import {
  counted,
  DAY_COLUMN,
  OF_SENDER,
  type ReportDefinition,
  SENDER_COLUMN,
  WITHIN_DAYS,
} from "./report-definition.ts";
import { RESULT_OF_OUTCOME } from "./views.ts";

export const CALL_ACCOUNTING: ReportDefinition = {
  name: "call-accounting",
  title: "Call accounting",
  describes:
    "How many calls were made for each Sender on each day, what became of them, and how long they lasted.",
  audience: "everyone",
  columns: [
    DAY_COLUMN,
    SENDER_COLUMN,
    counted(
      "attempts",
      "Attempts",
      "Calls for which an INVITE was sent: outbound connections asked of the network",
    ),
    counted("answered", "Answered", "Attempts that were answered by anyone or anything"),
    counted(
      "completed",
      "Completed",
      "Attempts whose dialog ran to an end, the Customer's hanging up included",
    ),
    counted("machine", "Machine", "Attempts answered by an answering machine"),
    counted(
      "failed",
      "Failed",
      "Attempts with any other end: no answer, busy, declined, unreachable, lost and so on",
    ),
    counted("not_called", "Not placed", "Calls given up before an INVITE, or withdrawn while it rang"),
    {
      name: "talk_minutes",
      title: "Talk, minutes",
      meaning:
        "Answer to end, summed in milliseconds and not rounded; ringing is not in it, lost calls count zero",
      unit: "minutes",
      summable: true,
    },
    {
      name: "talk_mean_s",
      title: "Mean talk, seconds",
      meaning: "Talk divided by answered attempts",
      unit: "seconds",
      summable: false,
    },
  ],
  charts: [
    { kind: "bars", title: "Calls by day", x: "day", series: ["completed", "machine", "failed"] },
    { kind: "line", title: "Minutes of talk by day", x: "day", series: ["talk_minutes"] },
  ],
  select: `SELECT toDate(dispatched_at, {zone:String}) AS day, sender,
  countIf(placed) AS attempts,
  countIf(placed AND answered_at IS NOT NULL) AS answered,
  countIf(placed AND result = 'completed') AS completed,
  countIf(placed AND result = 'machine') AS machine,
  countIf(placed AND result = 'failed') AS failed,
  countIf(NOT placed OR result = 'not called') AS not_called,
  sum(talk_ms) / 60000 AS talk_minutes,
  if(answered = 0, NULL, sum(talk_ms) / 1000 / answered) AS talk_mean_s
FROM (
  SELECT *, invite_at IS NOT NULL AS placed, ${RESULT_OF_OUTCOME} AS result
  FROM reveille.v_calls
  WHERE direction = 'outbound' AND ${WITHIN_DAYS} AND ${OF_SENDER}
)
GROUP BY day, sender
ORDER BY day, sender`,
};
