import type { ChaosResult } from "./chaos-result.ts";

const VIOLATIONS_SHOWN = 40;

const seconds = (ms: number | null): string => (ms === null ? "-" : (ms / 1_000).toFixed(1));

/** The result for a person: totals, then a line for each role, then what did not hold. */
export function chaosTable(result: ChaosResult): string {
  const totals = [
    ["log", result.log],
    ["seconds, asked per second, seed", `${result.seconds}, ${result.perSecond}, ${result.seed}`],
    ["acknowledged of asked", `${result.acknowledged} of ${result.asked}`],
    ["lost", result.lost],
    ["doubled", result.doubled],
    ["calls that the far end saw", result.calls],
    ["of them lost in a crash (CallLost)", result.callsLost],
    ["events", result.events],
    ["at rest after the last fault, s", seconds(result.restMs)],
    ["answers other than 202", JSON.stringify(result.refusals)],
    ["deaths that nobody asked for", result.deaths.length],
    ["reports equal to a rebuild", result.reportsEqual === null ? "not tried" : String(result.reportsEqual)],
  ];
  const roles = result.roles.map(
    ({ role, kills, stops, recoveryP50Ms, recoveryMaxMs }) =>
      `${role.padEnd(12)}${String(kills).padStart(6)}${String(stops).padStart(7)}${seconds(recoveryP50Ms).padStart(12)}${seconds(recoveryMaxMs).padStart(12)}`,
  );
  const violations = result.violations.map(({ invariant, what }) => `${invariant}: ${what}`);
  return [
    ...totals.map(([name, value]) => `${String(name).padEnd(36)} ${value}`),
    "",
    "role         kills  stops   of use p50, s   max, s",
    ...roles,
    "",
    violations.length === 0 ? "every invariant holds" : `${violations.length} violations:`,
    ...violations.slice(0, VIOLATIONS_SHOWN),
    "",
  ].join("\n");
}
