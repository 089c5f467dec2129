/** Packets that had to be made up: below one in twenty nobody notices (I17). */
import { counted, DAY_COLUMN, OF_SENDER, type ReportDefinition, WITHIN_DAYS } from "./report-definition.ts";

export const MEDIA_QUALITY: ReportDefinition = {
  name: "media-quality",
  title: "Media quality",
  describes: "Concealed packets and jitter of the audio that was received in answered calls.",
  audience: "receiver",
  columns: [
    DAY_COLUMN,
    { name: "server", title: "Server", meaning: "Telephony server", unit: "text", summable: false },
    counted("calls", "Calls", "Answered calls in which audio was received"),
    counted("noticeable", "Noticeable", "Calls with more than 5 % of their packets concealed"),
    {
      name: "concealed_share",
      title: "Concealed",
      meaning: "Concealed packets ÷ all packets due",
      unit: "share",
      summable: false,
    },
    {
      name: "jitter_p95_ms",
      title: "Jitter, ms",
      meaning: "95th percentile over the calls",
      unit: "count",
      summable: false,
    },
  ],
  charts: [{ kind: "bars", title: "Calls with noticeable loss by day", x: "day", series: ["noticeable"] }],
  select: `SELECT toDate(dispatched_at, {zone:String}) AS day, server, count() AS calls,
  countIf(rtp_concealed > 0.05 * (rtp_received + rtp_concealed)) AS noticeable,
  sum(rtp_concealed) / sum(rtp_received + rtp_concealed) AS concealed_share,
  round(quantileTDigest(0.95)(jitter_ms), 1) AS jitter_p95_ms
FROM reveille.v_calls
WHERE answered_at IS NOT NULL AND rtp_received + rtp_concealed > 0 AND ${WITHIN_DAYS} AND ${OF_SENDER}
GROUP BY day, server
ORDER BY day, server`,
};
