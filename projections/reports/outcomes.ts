/** Failed, answering-machine and completed calls, and why the failed ones failed (N14). */
import { counted, OF_SENDER, type ReportDefinition, WITHIN_DAYS } from "./report-definition.ts";
import { RESULT_OF_OUTCOME } from "./views.ts";

export const OUTCOMES_REPORT: ReportDefinition = {
  name: "outcomes",
  title: "Outcomes",
  describes: "What became of the calls, with the evidence of the network beside each outcome.",
  audience: "everyone",
  columns: [
    {
      name: "result",
      title: "Result",
      meaning: "completed, machine, failed or not called",
      unit: "text",
      summable: false,
    },
    {
      name: "outcome",
      title: "Outcome",
      meaning: "The same in full, as in the events",
      unit: "text",
      summable: false,
    },
    {
      name: "sip_code",
      title: "SIP status",
      meaning: "Final status of the INVITE, where one came",
      unit: "text",
      summable: false,
    },
    counted("calls", "Calls", "Calls with this outcome and status"),
    {
      name: "share",
      title: "Share",
      meaning: "Of all calls in the report",
      unit: "share",
      summable: true,
    },
    {
      name: "talk_minutes",
      title: "Talk, minutes",
      meaning: "Answer to end, not rounded",
      unit: "minutes",
      summable: true,
    },
  ],
  charts: [{ kind: "bars", title: "Calls by outcome", x: "outcome", series: ["calls"] }],
  select: `SELECT ${RESULT_OF_OUTCOME} AS result, outcome, ifNull(toString(sip_code), '') AS sip_code,
  count() AS calls, count() / sum(count()) OVER () AS share, sum(talk_ms) / 60000 AS talk_minutes
FROM reveille.v_calls AS c
WHERE direction = 'outbound' AND ${WITHIN_DAYS} AND ${OF_SENDER}
GROUP BY result, outcome, c.sip_code
ORDER BY calls DESC, outcome, sip_code`,
};
