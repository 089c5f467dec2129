/**
 * The invariants of an installation that was killed on purpose: those of the simulator on the log, and beside them
 * what the telephone network saw. Nothing here reads the memory of a role.
 */
import type { RequestId } from "../../domain/kernel/identifiers.ts";
import { isTerminal } from "../../domain/request/events.ts";
import { checkLog } from "../simulation/check-log.ts";
import type { Report, Violation } from "../simulation/violation.ts";
import { type HouseEvidence, type KnownCall, storiesOf } from "./evidence.ts";

type Stories = ReturnType<typeof storiesOf>;

/** When the log said that nobody could see this call any more; another may then be under way beside it. */
function givenUpAt(stories: Stories, call: KnownCall): number | null {
  const story = call.request === null ? undefined : stories.get(call.request);
  const lost = story?.find(
    ({ event }) =>
      event.type === "CallLost" &&
      event.offer === call.offer &&
      (event.how === "server-gone" || event.how === "silence"),
  );
  return lost?.at ?? null;
}

/**
 * A server that has said BYE is through with a call; the far end may read that from one socket a moment after it has
 * read the next INVITE from another. Longer than this it is no longer on its way.
 */
const BYE_UNDER_WAY_MS_MAX = 500;

/** By the log the earlier call was over when the later one began, and the far end heard so at once. */
function hadSaidGoodbye(stories: Stories, earlier: KnownCall, later: KnownCall): boolean {
  const story = earlier.request === null ? undefined : stories.get(earlier.request);
  const isOver = story?.some(
    ({ event }) =>
      event.type === "CallCompleted" && event.offer === earlier.offer && event.at <= later.beganAt,
  );
  return isOver === true && (earlier.endedAt ?? Infinity) - later.beganAt <= BYE_UNDER_WAY_MS_MAX;
}

function checkAtOnce(evidence: HouseEvidence, stories: Stories, report: Report): void {
  const byNumber = Map.groupBy(evidence.calls, ({ number }) => number);
  for (const calls of byNumber.values()) {
    const inOrder = calls.toSorted((one, other) => one.beganAt - other.beganAt);
    for (const [index, call] of inOrder.entries()) {
      const earlier = inOrder.slice(0, index).filter(({ endedAt }) => (endedAt ?? Infinity) > call.beganAt);
      for (const other of earlier) {
        const givenUp = givenUpAt(stories, other);
        if (givenUp !== null && givenUp <= call.beganAt) continue;
        if (hadSaidGoodbye(stories, other, call)) continue;
        report(
          "I3",
          `${call.offer} rang while ${other.offer} of the same Customer went on (${call.beganAt - other.beganAt} ms later, on ${call.server} and ${other.server})`,
        );
      }
    }
  }
}

function checkEndsBefore(evidence: HouseEvidence, stories: Stories, report: Report): void {
  for (const { request, offer, beganAt, server } of evidence.calls) {
    if (request === null) continue;
    const end = stories.get(request)?.find(({ event }) => isTerminal(event));
    if (end !== undefined && end.at < beganAt) {
      report("I4", `${offer} rang ${beganAt - end.at} ms after its Request had ended (${server})`);
    }
  }
}

function checkKnown(evidence: HouseEvidence, report: Report): void {
  for (const { offer, server, callId } of evidence.calls) {
    if (offer === null) report("I15", `${server} sent an INVITE that the log knows nothing of (${callId})`);
  }
  if (evidence.unreadable > 0)
    report("I9", `${evidence.unreadable} records of the log can't be read by anyone`);
}

/** What was acknowledged and is not in the log at all: the gravest of all faults, so it has a count of its own. */
export function lostRequests(evidence: HouseEvidence): readonly RequestId[] {
  const ended = new Set<string>();
  for (const { envelope, message } of evidence.store.all("events")) {
    if (message !== null && isTerminal(message)) ended.add(envelope.subject ?? "");
  }
  return [...evidence.acknowledged.values()].filter((request) => !ended.has(request));
}

export async function checkHouse(
  evidence: HouseEvidence,
  doubled: readonly string[],
): Promise<readonly Violation[]> {
  const violations: Violation[] = [];
  const report: Report = (invariant, what) => violations.push({ invariant, what });
  const stories = storiesOf(evidence);
  await checkLog(evidence, report);
  checkAtOnce(evidence, stories, report);
  checkEndsBefore(evidence, stories, report);
  checkKnown(evidence, report);
  for (const what of doubled) report("I13", `one message became two Requests: ${what}`);
  return violations;
}
