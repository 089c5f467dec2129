/** I9: every projection is the fold of the log. */
import { isDeepStrictEqual } from "node:util";
import { isTerminal } from "../../domain/request/events.ts";
import { evolve, NO_REQUEST, type RequestState } from "../../domain/request/state.ts";
import { type Evidence, eventsIn, type Histories, namesIn } from "./evidence.ts";
import type { Kept } from "./sim-store.ts";
import type { Report } from "./violation.ts";

/** The owner's snapshots. */
export function checkSnapshots({ store }: Evidence, histories: Histories, report: Report): void {
  const snapshots = new Map<string, Kept<"state">>();
  for (const record of store.all("state")) snapshots.set(record.key, record);
  for (const [request, history] of histories) {
    const snapshot = snapshots.get(request)?.message;
    if (snapshot?.type !== "RequestState") continue;
    const folded = eventsIn(history).reduce<RequestState>(evolve, NO_REQUEST);
    if (snapshot.seq !== history.length || !isSameJson(snapshot.snapshot, folded)) {
      report("I9", `the snapshot of ${request} is not the fold of its events: ${namesIn(history)}`);
    }
  }
}

/** The order of fields says nothing: a snapshot was made from a command, the fold from its event. */
function isSameJson(json: string, value: unknown): boolean {
  const folded = JSON.stringify(value);
  return json === folded || isDeepStrictEqual(JSON.parse(json), JSON.parse(folded));
}

/** What is written may take this long to arrive at the board. */
const BOARD_DELAY_MS = 500;

/** The gateway's board. */
export async function checkBoard(evidence: Evidence, histories: Histories, report: Report): Promise<void> {
  const arrivedBefore = evidence.timeline.now() - (evidence.boardDelayMs ?? BOARD_DELAY_MS);
  for (const [request, history] of histories) {
    const status = await evidence.gateway.board?.statusOf(request);
    if (status === undefined || status === null) continue;
    const arrived = history.filter(({ at }) => at < arrivedBefore);
    const isOver = eventsIn(arrived).some(isTerminal);
    if (status.seq < arrived.length || (isOver && !status.final)) {
      report(
        "I9",
        `the board's ${request} stands at ${status.status}, event ${status.seq} of ${history.length}`,
      );
    }
  }
}
