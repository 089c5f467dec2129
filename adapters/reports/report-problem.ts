/** What the ports throw, as an HTTP status and a sentence for whoever asked. */
import { AnalyticsRefusedError, AnalyticsUnavailableError } from "../../domain/ports/analytics.ts";
import { ReportFilterError, SqlRefusedError } from "../../domain/ports/reports.ts";

export type ReportProblem = { readonly status: number; readonly code: string; readonly detail: string };

export function problemOf(error: unknown): ReportProblem {
  if (error instanceof ReportFilterError)
    return { status: 400, code: `filter.${error.field}`, detail: error.message };
  if (error instanceof SqlRefusedError)
    return { status: 403, code: `sql.${error.reason}`, detail: error.message };
  if (error instanceof AnalyticsRefusedError)
    return { status: 422, code: `engine.${error.code}`, detail: error.message };
  if (error instanceof AnalyticsUnavailableError)
    return {
      status: 503,
      code: "analytics.unavailable",
      detail: "The accounting does not answer just now. Calls go on; try again in a few seconds.",
    };
  const status = statusOf(error);
  if (status !== null && status < 500)
    return { status, code: "request", detail: error instanceof Error ? error.message : "bad request" };
  return { status: 500, code: "internal", detail: "Something broke here; the operator's log has it." };
}

function statusOf(error: unknown): number | null {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return null;
  return typeof error.statusCode === "number" ? error.statusCode : null;
}
