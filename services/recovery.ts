/**
 * A log that was restored from an old copy does not know what was called since then, and would call again. It can't
 * see that itself; but whoever keeps something of its own outside the log remembers positions of records that it
 * wrote or read there. At its start each of them asks the log for these records. Where one is missing, or another
 * stands in its place, the process declares a hold before it does anything else: see `domain/directory/hold.ts`.
 *
 * A copy of everything, memories included, can't be told from the real thing: then an operator has to declare the
 * hold (docs/operations.md).
 */
import { type HeldRequest, HOLD_KEY, type Hold, type HoldChoice, isHeld } from "../domain/directory/hold.ts";
import { unownedEnvelope } from "../domain/kernel/envelope.ts";
import { parseRequestId, type RequestId, slotOfName } from "../domain/kernel/identifiers.ts";
import type { Chance } from "../domain/ports/chance.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { Delivered, EventLog, TopicName } from "../domain/ports/event-log.ts";
import type { SeenMark } from "../domain/ports/log-memory.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import { foldStatus, type StatusView } from "../projections/request-status.ts";

export type RecoveryPorts = {
  readonly log: Pick<EventLog, "read" | "append" | "partitionCount">;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly operatorLog: OperatorLog;
};

/** Marks named in the reason of a hold; the rest is counted. */
const MARKS_NAMED_MAX = 3;

/** The marks that the log does not bear out. */
async function marksUnknownTo(
  log: Pick<EventLog, "read" | "partitionCount">,
  marks: readonly SeenMark[],
): Promise<readonly SeenMark[]> {
  const unknown: SeenMark[] = [];
  for (const mark of marks) if (!(await isBorneOut(log, mark))) unknown.push(mark);
  return unknown;
}

async function isBorneOut(log: Pick<EventLog, "read" | "partitionCount">, mark: SeenMark): Promise<boolean> {
  if (mark.partition >= log.partitionCount(mark.topic)) return false;
  const first = await firstFrom(log, mark.topic, mark.partition, mark.offset);
  if (first === null) return false;
  // What was so old that it was deleted can't be compared any more; there is newer than it, so no copy was restored.
  if (first.offset !== mark.offset || !first.ok) return true;
  return mark.id === null ? first.appendedAt === mark.at : first.envelope.id === mark.id;
}

/** The first record that the log still has at or after `from`; null: there is none. */
export async function firstFrom<Topic extends TopicName>(
  log: Pick<EventLog, "read">,
  topic: Topic,
  partition: number,
  from: number,
): Promise<Delivered<Topic> | null> {
  for await (const records of log.read(topic, partition, { from })) {
    const [first] = records;
    if (first !== undefined) return first;
  }
  return null;
}

/** The hold in force, or the last one that was lifted; null: there never was one. */
export async function readHold(log: Pick<EventLog, "read">): Promise<Hold | null> {
  let hold: Hold | null = null;
  for await (const records of log.read("directory", 0)) {
    for (const record of records) {
      if (!record.ok || record.key !== HOLD_KEY) continue;
      const { message } = record;
      hold = message?.type === "HoldDeclared" || message?.type === "HoldLifted" ? message : null;
    }
  }
  return hold;
}

async function writeHold(ports: RecoveryPorts, hold: Hold, source: string): Promise<void> {
  const id = ports.chance.ulid();
  const envelope = unownedEnvelope({ id, source, subject: null, time: hold.at, causationId: null });
  await ports.log.append("directory", [
    { key: HOLD_KEY, slot: slotOfName(HOLD_KEY), envelope, message: hold },
  ]);
}

/** Durable when it resolves. One that stands already is left as it is: it says since when. */
export async function declareHold(ports: RecoveryPorts, by: string, reason: string): Promise<void> {
  const standing = await readHold(ports.log);
  ports.operatorLog.error("nobody is called until an operator has decided: see reveille hold", {
    by,
    reason,
    standingSince: isHeld(standing) ? standing.at : null,
  });
  if (isHeld(standing)) return;
  await writeHold(ports, { type: "HoldDeclared", at: ports.clock.now(), by, reason }, by);
}

/**
 * Declares a hold where the log lacks what `marks` remember; answers those marks. The caller forgets them only
 * afterwards, since from then on the log itself remembers. What was noted before the last decision of an operator
 * was part of it: a server that was switched off meanwhile does not ask again.
 */
export async function holdIfOlder(
  ports: RecoveryPorts,
  by: string,
  marks: readonly SeenMark[],
): Promise<readonly SeenMark[]> {
  const unknown = await marksUnknownTo(ports.log, marks);
  if (unknown.length === 0) return unknown;
  const last = await readHold(ports.log);
  const undecided = unknown.filter(({ at }) => last?.type !== "HoldLifted" || at > last.at);
  if (undecided.length > 0) await declareHold(ports, by, reasonOf(undecided));
  return unknown;
}

function reasonOf(unknown: readonly SeenMark[]): string {
  const named = unknown
    .slice(0, MARKS_NAMED_MAX)
    .map(({ topic, partition, offset }) => `${topic} ${partition}/${offset}`)
    .join(", ");
  const more = unknown.length > MARKS_NAMED_MAX ? ` and ${unknown.length - MARKS_NAMED_MAX} more` : "";
  return `the log lacks records that were acknowledged: ${named}${more}; it is older than it should be, or another one`;
}

/** Nothing is held, so nothing can be decided. */
export class NoHoldError extends Error {
  override readonly name = "NoHoldError";
}

/** Lets calls begin again. Durable when it resolves. */
export async function liftHold(ports: RecoveryPorts, choice: HoldChoice): Promise<void> {
  const standing = await readHold(ports.log);
  if (!isHeld(standing)) {
    throw new NoHoldError("resume: nothing is held; calls are placed as ever");
  }
  const at = ports.clock.now();
  await writeHold(ports, { type: "HoldLifted", at, heldSince: standing.at, choice }, "administration");
}

/** Requests in the log that are not over and were received before the hold: those that the decision is about. */
export async function heldRequests(log: RecoveryPorts["log"], hold: Hold): Promise<readonly HeldRequest[]> {
  const since = hold.type === "HoldDeclared" ? hold.at : hold.heldSince;
  const held: HeldRequest[] = [];
  for (let partition = 0; partition < log.partitionCount("events"); partition += 1) {
    for (const view of await openIn(log, partition)) {
      const { requestId: request, status, receivedAt } = view;
      if (receivedAt <= since) held.push({ request, status, receivedAt });
    }
  }
  return held.toSorted((one, other) => one.receivedAt - other.receivedAt);
}

async function openIn(log: Pick<EventLog, "read">, partition: number): Promise<readonly StatusView[]> {
  const views = new Map<RequestId, StatusView>();
  for await (const records of log.read("events", partition)) {
    for (const record of records) {
      const request = record.ok ? parseRequestId(record.envelope.subject ?? "") : null;
      if (!record.ok || record.message === null || request === null) continue;
      const { sequence } = record.envelope;
      if (sequence === null) continue;
      const view = foldStatus(views.get(request) ?? null, request, record.message, sequence);
      if (view === null || view.final) views.delete(request);
      else views.set(request, view);
    }
  }
  return [...views.values()];
}
