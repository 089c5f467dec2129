/** What a server that is gone had in its hands ends: its calls are lost, and who called in at it is told as over. */
import type { ServerId } from "../../domain/kernel/identifiers.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { InboundReported } from "../../domain/request/commands.ts";
import { type DispatchLimits, serverGone } from "../../domain/request/decide.ts";
import type { RequestState } from "../../domain/request/state.ts";
import type { Book } from "./book.ts";
import { BY_TIMER } from "./ledger.ts";
import type { Pen } from "./pen.ts";
import type { Gone, Held } from "./server-watch.ts";

export type LosingPorts = {
  readonly book: Book;
  readonly pen: Pen;
  readonly limits: (state: RequestState) => DispatchLimits;
};

export function loseHeld({ book, pen, limits }: LosingPorts, { server, held }: Gone, now: Instant): void {
  for (const what of held) {
    if (what.is === "caller") {
      pen.caller(endedByGone(server, what, now), BY_TIMER, now);
      continue;
    }
    const state = book.stateOf(what.request);
    const decided = serverGone(state, server, limits(state), now);
    if (decided.ok) pen.write(what.request, decided.events, BY_TIMER, now);
  }
}

function endedByGone(
  server: ServerId,
  { customer, line }: Extract<Held, { is: "caller" }>,
  now: Instant,
): InboundReported {
  const { inboundId, port, startedAt } = line;
  const call = { inboundId, customer, server, port, startedAt };
  return { type: "InboundEnded", ...call, endedBy: "server-gone", at: now };
}
