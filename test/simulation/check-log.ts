/** What must hold when everything has come to rest, read from the log and from what really happened. */
import { checkCallsBacked, checkCauses, checkLines, checkOffersBacked } from "./check-causes.ts";
import { checkGone } from "./check-gone.ts";
import { checkOutcomes } from "./check-outcomes.ts";
import { checkAttempts, checkEnds, checkOrder } from "./check-requests.ts";
import { checkBoard, checkSnapshots } from "./check-views.ts";
import { type Evidence, historiesOf } from "./evidence.ts";
import type { Report } from "./violation.ts";

export async function checkLog(evidence: Evidence, report: Report): Promise<void> {
  const histories = historiesOf(evidence);
  checkEnds(evidence, histories, report);
  for (const [request, history] of histories) {
    checkOrder(request, history, report);
    checkAttempts(evidence, request, history, report);
    checkOutcomes(evidence, request, history, report);
    checkGone(evidence, history, report);
  }
  checkSnapshots(evidence, histories, report);
  checkCauses(evidence, report);
  checkLines(evidence, report);
  checkCallsBacked(evidence, histories, report);
  checkOffersBacked(evidence, histories, report);
  await checkBoard(evidence, histories, report);
  for (const what of evidence.broken) report("up", what);
}
