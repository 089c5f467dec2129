/** One event as one readable line: when, what, and the two or three facts that matter. Nothing personal. */
import { formatInstant } from "../../domain/kernel/time.ts";
import type { RequestEvent } from "../../domain/request/events.ts";

function details(event: RequestEvent): string {
  switch (event.type) {
    case "RequestReceived":
      return `from ${event.terms.sender} by ${event.channel}, proved by ${event.authentication.mechanism}`;
    case "PolicyRejected":
      return event.verdicts
        .filter(({ says }) => says === "refuse")
        .map(({ check, reason }) => `${check}: ${reason ?? ""}`)
        .join("; ");
    case "RequestScheduled":
      return `due ${formatInstant(event.dueAt)}`;
    case "RequestQueued":
      return `priority ${event.priority}${event.verdicts.length > 0 ? `, ${event.verdicts.length} checks passed` : ""}`;
    case "Dispatched":
      return `offered to ${event.server}, attempt ${event.attempt}`;
    case "DispatchRejected":
      return `${event.server}: ${event.reason}`;
    case "Accepted":
      return `${event.server} holds port ${event.port}`;
    case "CallPlaced":
      return `INVITE on trunk ${event.trunk}`;
    case "CallRinging":
      return `SIP ${event.sipCode}${event.earlyMedia ? ", early media" : ""}`;
    case "CallAnswered":
      return `by ${event.answeredBy}`;
    case "SessionStarted":
      return event.documentUrl;
    case "InputCollected":
      return `${event.field} by ${event.mode}`;
    case "TransferStarted":
      return "";
    case "DataSubmitted":
      return `${event.url} answered ${event.status}`;
    case "CallCompleted":
      return `${event.outcome}, talked ${(event.talkMs / 1000).toFixed(1)} s, ended by ${event.endedBy}`;
    case "CallLost":
      return `${event.how}, ${event.phase}`;
    case "RetryScheduled":
      return `attempt ${event.attempt} due ${formatInstant(event.dueAt)} after ${event.why}`;
    case "CancelRequested":
      return `by ${event.by}`;
    case "RequestCompleted":
    case "RequestFailed":
      return `${event.outcome}, ${callCount(event.attempts)}`;
    case "RequestExpired":
      return event.reason;
    case "RequestCancelled":
      return `after ${callCount(event.attempts)}`;
    case "SenderNotified":
      return `${event.notice} answered ${event.status}`;
    case "NotificationFailed":
      return `${event.notice}: ${event.reason}`;
    case "LineWaitEnded":
      return `no free line for ${Math.round(event.waitedMs / 1_000)} s`;
    case "RequestSetAside":
      return `events ${event.knownUpTo + 1} to ${event.foundNext - 1} are missing`;
    case "FactIgnored":
      return `${event.fact}: ${event.reason}`;
    case "InboundStarted":
    case "InboundEnded":
      return `${event.server} port ${event.port}`;
    case "IntakeRefused":
      return `${event.count} × ${event.reason}`;
    case "CustomerErased":
      return `${event.keys} keys dropped`;
    case "OwnershipTaken":
      return `by ${event.owner}, epoch ${event.epoch}`;
    case "RecordQuarantined":
      return `${event.topic}[${event.partition}]@${event.offset}: ${event.reason}`;
    default:
      return event satisfies never;
  }
}

function callCount(calls: number): string {
  return calls === 1 ? "1 call" : `${calls} calls`;
}

const NAME_WIDTH = 17;

/** e.g. `09:00:00.123  CallAnswered       by unknown`. */
export function eventLine(event: RequestEvent): string {
  const time = formatInstant(event.at).slice(11, 23);
  return `${time}  ${event.type.padEnd(NAME_WIDTH)}  ${details(event)}`.trimEnd();
}
