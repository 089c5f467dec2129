/** Figures as people read them; the files hold them unrounded. */
import { assertNever } from "../../domain/kernel/assert-never.ts";
import type { Value } from "../../domain/ports/analytics.ts";
import type { ReportColumn } from "../../domain/ports/reports.ts";
import { textOf } from "./csv.ts";

const WHOLE = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });
const TWO_PLACES = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const ONE_PLACE = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const SHARE = new Intl.NumberFormat("en-GB", { style: "percent", maximumFractionDigits: 2 });

export function figure(value: Value, unit: ReportColumn["unit"]): string {
  if (value === null || value === "") return "–";
  if (typeof value !== "number") return textOf(value);
  switch (unit) {
    case "minutes":
    case "hours":
      return TWO_PLACES.format(value);
    case "seconds":
      return ONE_PLACE.format(value);
    case "share":
      return SHARE.format(value);
    case "count":
      return WHOLE.format(value);
    case "day":
    case "text":
      return String(value);
    default:
      return assertNever(unit);
  }
}

export function isNumeric(unit: ReportColumn["unit"]): boolean {
  return unit !== "text" && unit !== "day";
}
