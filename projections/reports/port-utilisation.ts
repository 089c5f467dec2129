/** How well the two-way ports are used (N13): needs the calls of both directions. */
import { counted, DAY_COLUMN, OF_SENDER, type ReportDefinition, WITHIN_DAYS } from "./report-definition.ts";

export const PORT_UTILISATION: ReportDefinition = {
  name: "port-utilisation",
  title: "Port utilisation",
  describes: "Seizures, peak and hours of use of each telephony server's ports, both directions together.",
  audience: "receiver",
  columns: [
    DAY_COLUMN,
    { name: "server", title: "Server", meaning: "Telephony server", unit: "text", summable: false },
    counted("seizures", "Seizures", "Times that a port was taken"),
    counted("inbound", "Inbound", "Of these for incoming calls"),
    {
      name: "peak_ports",
      title: "Peak",
      meaning: "Most ports in use at the same moment",
      unit: "count",
      summable: false,
    },
    {
      name: "port_hours",
      title: "Port hours",
      meaning:
        "Time from seizure to release, all ports together; divided by the hours of the day it is the mean in erlangs",
      unit: "hours",
      summable: true,
    },
  ],
  charts: [{ kind: "line", title: "Port hours by day", x: "day", series: ["port_hours"] }],
  select: `SELECT toDate(dispatched_at, {zone:String}) AS day, server, count() AS seizures, countIf(direction = 'inbound') AS inbound,
  maxIntersections(toUnixTimestamp64Milli(assumeNotNull(port_seized_at)), toUnixTimestamp64Milli(assumeNotNull(port_released_at))) AS peak_ports,
  sum(assumeNotNull(dateDiff('millisecond', port_seized_at, port_released_at))) / 3600000 AS port_hours
FROM reveille.v_calls
WHERE port_seized_at IS NOT NULL AND port_released_at IS NOT NULL AND ${WITHIN_DAYS} AND ${OF_SENDER}
GROUP BY day, server
ORDER BY day, server`,
};
