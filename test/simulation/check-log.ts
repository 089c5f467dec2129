/** What must hold when everything has come to rest, read from the log and from what really happened. */
import { type CustomerKey, parseRequestId, type RequestId } from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import { defaultReceiverRules } from "../../domain/policy/default-rules.ts";
import { isTerminal, type RequestEvent } from "../../domain/request/events.ts";
import { evolve, NO_REQUEST, type RequestState } from "../../domain/request/state.ts";
import { CALLS_PER_REQUEST_MAX } from "../../domain/schedule/retry.ts";
import { usesAttempt } from "../../domain/session/outcome.ts";
import { type Kept, PARTITIONS } from "./sim-store.ts";
import type { Report } from "./violation.ts";
import type { World } from "./world.ts";

export type Histories = ReadonlyMap<RequestId, readonly Kept<"events">[]>;

export function historiesOf(world: World): Histories {
  const histories = new Map<RequestId, Kept<"events">[]>();
  for (const record of world.store.all("events")) {
    const request = parseRequestId(record.envelope.subject ?? "");
    if (request === null || record.envelope.sequence === null) continue;
    const history = histories.get(request) ?? [];
    history.push(record);
    histories.set(request, history);
  }
  return histories;
}

function messages(history: readonly Kept<"events">[]): RequestEvent[] {
  return history.flatMap(({ message }) => (message === null ? [] : [message]));
}

/** Every Request that the house took or even just wrote down. */
export function requestsAsked(world: World): ReadonlySet<RequestId> {
  const asked = new Set<RequestId>(world.acknowledged.values());
  for (const { message } of world.store.all("requests")) {
    if (message?.type === "SubmitRequest") asked.add(message.requestId);
  }
  return asked;
}

export function isOver(history: readonly Kept<"events">[] | undefined): boolean {
  return history?.some(({ message }) => message !== null && isTerminal(message)) ?? false;
}

function checkEnds(world: World, histories: Histories, report: Report): void {
  for (const request of requestsAsked(world)) {
    const ends = messages(histories.get(request) ?? []).filter(isTerminal).length;
    if (ends !== 1) report("I1", `${request} has ${ends} ends: ${names(histories.get(request))}`);
  }
}

function names(history: readonly Kept<"events">[] | undefined): string {
  return messages(history ?? [])
    .map((event) => event.type)
    .join(", ");
}

function checkOrder(request: RequestId, history: readonly Kept<"events">[], report: Report): void {
  const received = messages(history).filter(({ type }) => type === "RequestReceived").length;
  if (received !== 1) report(received === 0 ? "I2" : "I13", `${request} was received ${received} times`);
  for (const [index, { envelope }] of history.entries()) {
    if (envelope.sequence !== index + 1) {
      return report(
        "I9",
        `${request}: event ${index + 1} has number ${envelope.sequence}: ${names(history)}`,
      );
    }
  }
}

function usesUp(event: RequestEvent): boolean {
  if (event.type === "CallCompleted") return usesAttempt(event.outcome);
  return event.type === "CallLost" && event.phase !== "granted";
}

function checkAttempts(
  world: World,
  request: RequestId,
  history: readonly Kept<"events">[],
  report: Report,
): void {
  const events = messages(history);
  const received = events.find((event) => event.type === "RequestReceived");
  const calls = world.truth.calls.filter((call) => call.request === request);
  const used = events.filter(usesUp).length;
  const max = received?.terms.maxAttempts ?? 0;
  if (used > max) report("I5", `${request} used ${used} of ${max} attempts`);
  if (calls.length > CALLS_PER_REQUEST_MAX) report("I5", `${request} was called ${calls.length} times`);
  const free = events.filter((event) => event.type === "CallCompleted" && !usesAttempt(event.outcome)).length;
  if (calls.length - free > max)
    report("I5", `${calls.length} INVITEs for ${request}, ${max} allowed, ${free} free`);
  let refused = 0;
  for (const { type } of events) {
    refused = type === "DispatchRejected" ? refused + 1 : type === "Accepted" ? 0 : refused;
    if (refused > defaultReceiverRules(instant(0)).offerRefusalsMax) {
      return report("I5", `${request} had ${refused} offers refused in a row`);
    }
  }
}

/** A call that really happened has one outcome, told by its server or its journal; none is told of no call. */
function checkOutcomes(
  world: World,
  request: RequestId,
  history: readonly Kept<"events">[],
  report: Report,
): void {
  const events = messages(history);
  for (const call of world.truth.calls.filter((known) => known.request === request)) {
    const outcomes = events.filter(
      (event) => (event.type === "CallCompleted" || event.type === "CallLost") && event.offer === call.offer,
    );
    const placed = events.filter((event) => event.type === "CallPlaced" && event.offer === call.offer);
    if (outcomes.length !== 1) report("I10", `${call.offer} was called and has ${outcomes.length} outcomes`);
    if (placed.length > 1) report("I10", `${call.offer} was placed ${placed.length} times by the log`);
    const [outcome] = outcomes;
    if (outcome?.type === "CallLost" && outcome.phase === "granted") {
      report("I10", `${call.offer} rang, and the log says that nobody was called (${outcome.how})`);
    }
    if (world.truth.calls.filter(({ offer }) => offer === call.offer).length > 1) {
      report("I15", `${call.offer} was called more than once`);
    }
  }
  for (const event of events) {
    if (event.type !== "CallLost") continue;
    if (event.how === "silence") report("I10", `${event.offer}: nobody ever told its outcome`);
  }
}

const GONE_LOOKBACK_MS = 20_000;

/** A server is declared gone only if it could not be heard. */
function checkGone(world: World, history: readonly Kept<"events">[], report: Report): void {
  for (const { message, at } of history) {
    const gone =
      (message?.type === "CallLost" && message.how === "server-gone") ||
      (message?.type === "DispatchRejected" && message.reason === "server-gone");
    if (!gone) continue;
    const { server } = message as { readonly server: string };
    const silent = world.truth.silences.some(
      (silence) => silence.server === server && silence.from <= at && silence.until >= at - GONE_LOOKBACK_MS,
    );
    if (!silent) report("I3", `${server} was declared gone while it could be heard`);
  }
}

/** Snapshots and events tell the same story (I9). */
function checkSnapshots(world: World, histories: Histories, report: Report): void {
  const snapshots = new Map<string, Kept<"state">>();
  for (const record of world.store.all("state")) snapshots.set(record.key, record);
  for (const [request, history] of histories) {
    const snapshot = snapshots.get(request)?.message;
    if (snapshot?.type !== "RequestState") continue;
    const folded = messages(history).reduce<RequestState>(evolve, NO_REQUEST);
    if (snapshot.seq !== history.length || snapshot.snapshot !== JSON.stringify(folded)) {
      report("I9", `the snapshot of ${request} is not the fold of its events: ${names(history)}`);
    }
  }
}

const BOARD_DELAY_MS = 500;

async function checkBoard(world: World, histories: Histories, report: Report): Promise<void> {
  for (const [request, history] of histories) {
    const status = await world.gateway.board?.statusOf(request);
    if (status === undefined || status === null) continue;
    // What was written a moment ago may still be on its way to the board.
    const arrived = history.filter(({ at }) => at < world.timeline.now() - BOARD_DELAY_MS).length;
    if (!status.final || status.seq < arrived) {
      report(
        "I9",
        `the board's ${request} stands at ${status.status}, event ${status.seq} of ${history.length}`,
      );
    }
  }
}

/** No record of `requests` without consequence. */
function checkCauses(world: World, report: Report): void {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const cited = new Set(
      world.store.records("events", partition).map(({ envelope }) => envelope.causeOffset),
    );
    for (const { offset, message } of world.store.records("requests", partition)) {
      if (!cited.has(offset))
        report("I14", `nothing followed from ${message?.type} at ${partition}/${offset}`);
    }
  }
}

/** Every Customer's line is free again, and every port. */
function checkRest(world: World, report: Report): void {
  const lines = new Map<CustomerKey, string>();
  for (const { key, message } of world.store.all("state")) {
    if (message?.type === "CustomerState") lines.set(key as CustomerKey, message.snapshot);
  }
  for (const [customer, snapshot] of lines) {
    const { busyWith } = JSON.parse(snapshot) as { readonly busyWith: readonly string[] };
    if (busyWith.length > 0)
      report("I16", `the line of ${customer} is held by ${busyWith.join(", ")} for ever`);
  }
}

function checkBacking(world: World, histories: Histories, report: Report): void {
  for (const { offer, request, server } of world.truth.calls) {
    if (offer === null || request === null) continue;
    const accepted = messages(histories.get(request) ?? []).some(
      (event) => event.type === "Accepted" && event.offer === offer && event.server === server,
    );
    if (!accepted) report("I15", `the log does not know that ${offer} was to be called`);
  }
}

export async function checkLog(world: World, report: Report): Promise<void> {
  const histories = historiesOf(world);
  checkEnds(world, histories, report);
  for (const [request, history] of histories) {
    checkOrder(request, history, report);
    checkAttempts(world, request, history, report);
    checkOutcomes(world, request, history, report);
    checkGone(world, history, report);
  }
  checkSnapshots(world, histories, report);
  checkCauses(world, report);
  checkRest(world, report);
  checkBacking(world, histories, report);
  await checkBoard(world, histories, report);
  for (const what of world.broken) report("up", what);
}
