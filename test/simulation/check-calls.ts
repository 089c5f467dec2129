/** What must hold at the very instant at which a call begins, by the log as it stands then. */
import type { OfferId, RequestId } from "../../domain/kernel/identifiers.ts";
import { slotOfRequest } from "../../domain/kernel/identifiers.ts";
import { isTerminal, type RequestEvent } from "../../domain/request/events.ts";
import { liveCalls, type TrueCall } from "./call-truth.ts";
import { checkPolicy } from "./check-policy.ts";
import { START } from "./incarnation.ts";
import { PARTITIONS } from "./sim-store.ts";
import type { Report } from "./violation.ts";
import type { Watch, World } from "./world.ts";

function eventsOf(world: World, request: RequestId): RequestEvent[] {
  const events: RequestEvent[] = [];
  for (const { envelope, message } of world.store.records("events", slotOfRequest(request) % PARTITIONS)) {
    if (envelope.subject === request && envelope.sequence !== null && message !== null) events.push(message);
  }
  return events;
}

/** The log holds the outcome of this offer already: whoever calls now calls without leave. */
function isClosed(events: readonly RequestEvent[], offer: OfferId): boolean {
  return events.some(
    (event) =>
      (event.type === "CallLost" || event.type === "CallCompleted" || event.type === "DispatchRejected") &&
      event.offer === offer,
  );
}

/** The log says that nobody could see this call any more: only then may another be under way beside it. */
function isGivenUp(world: World, call: TrueCall): boolean {
  if (call.request === null) return false;
  return eventsOf(world, call.request).some(
    (event) =>
      event.type === "CallLost" &&
      event.offer === call.offer &&
      event.how !== "journal" &&
      event.how !== "hold-gone",
  );
}

function isBacked(events: readonly RequestEvent[], offer: OfferId, server: string): boolean {
  const has = (type: "Dispatched" | "Accepted"): boolean =>
    events.some((event) => event.type === type && event.offer === offer && event.server === server);
  return has("Dispatched") && has("Accepted");
}

function checkPorts(world: World, server: string, report: Report): void {
  const live = liveCalls(world.truth).filter((call) => call.server === server);
  const outbound = live.filter(({ offer }) => offer !== null).length;
  const { ports, inboundReserve } = world.scenario;
  if (live.length > ports) report("I7", `${server} carries ${live.length} calls on ${ports} ports`);
  if (outbound > ports - inboundReserve) report("I7", `${server} places ${outbound} calls into its reserve`);
}

export function watchCalls(world: World, report: Report): Watch {
  return {
    onIncoming: (call) => checkPorts(world, call.server, report),
    onInvite(call, order) {
      if (call.request === null) return;
      const events = eventsOf(world, call.request);
      for (const other of liveCalls(world.truth)) {
        if (other === call || other.offer === null || isGivenUp(world, other)) continue;
        if (other.request === call.request) report("I3", `two calls at once for ${call.request}`);
        else if (other.number === call.number) report("I3", "two calls at once for one Customer");
      }
      if (world.truth.forgotten.some(({ request }) => request === call.request)) {
        report("I4", `${call.request} was called again after an old copy of the log was restored`);
      }
      if (events.some(isTerminal)) report("I4", `an INVITE for ${call.request} after its end`);
      if (isClosed(events, order.offer))
        report("I4", `an INVITE for ${order.offer}, which the log has closed`);
      if (!isBacked(events, order.offer, call.server))
        report("I15", `an INVITE for ${order.offer} without Accepted`);
      const grants = world.truth.grants.filter(
        ({ offer, server }) => offer === order.offer && server === call.server,
      );
      if (grants.length > 0 && grants.every(({ stale }) => stale)) {
        report("I15", `${call.server} obeyed an owner whose time was over`);
      }
      const dispatched = events.find((event) => event.type === "Dispatched" && event.offer === order.offer);
      const callBefore = dispatched?.type === "Dispatched" ? dispatched.callBefore : order.callBefore;
      const late = START + world.timeline.now() - callBefore;
      if (late >= 0 && call.life.wallOffsetMs === 0)
        report("I6", `an INVITE ${late} ms after its time was over`);
      checkPolicy(world, call, report);
      checkPorts(world, call.server, report);
    },
  };
}
