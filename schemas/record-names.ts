import type { Messages, TopicName } from "../domain/ports/event-log.ts";
import type { CallStep } from "../domain/session/call-step.ts";

/** The Avro record that carries a message: its type, and for a reported call step one record per step. */
export type RecordName<Topic extends TopicName> =
  | Exclude<Messages[Topic]["type"], "CallReported">
  | ("CallReported" extends Messages[Topic]["type"] ? `CallReported${CallStep["type"]}` : never);

/**
 * The version of each record that is written, and into which older ones are read. The compiler holds this list
 * to the domain's unions: a new message without a schema does not build.
 */
export const WRITTEN_VERSIONS: {
  readonly [Topic in TopicName]: Readonly<Record<RecordName<Topic>, number>>;
} = {
  requests: {
    SubmitRequest: 1,
    CancelRequest: 1,
    OfferAccepted: 2,
    OfferRejected: 1,
    CallReportedCallPlaced: 1,
    CallReportedCallRinging: 1,
    CallReportedCallAnswered: 1,
    CallReportedSessionStarted: 1,
    CallReportedInputCollected: 1,
    CallReportedTransferStarted: 1,
    CallReportedDataSubmitted: 1,
    CallReportedCallCompleted: 1,
    CallReportedCallLost: 1,
    InboundStarted: 2,
    InboundEnded: 1,
    IntakeRefused: 1,
    EraseCustomer: 1,
  },
  events: {
    RequestReceived: 1,
    PolicyRejected: 1,
    RequestScheduled: 1,
    RequestQueued: 1,
    LineWaitEnded: 1,
    RequestSetAside: 1,
    Dispatched: 1,
    DispatchRejected: 1,
    Accepted: 2,
    CallPlaced: 1,
    CallRinging: 1,
    CallAnswered: 1,
    SessionStarted: 1,
    InputCollected: 1,
    TransferStarted: 1,
    DataSubmitted: 1,
    CallCompleted: 1,
    CallLost: 1,
    RetryScheduled: 1,
    CancelRequested: 1,
    RequestCompleted: 1,
    RequestFailed: 1,
    RequestExpired: 1,
    RequestCancelled: 1,
    SenderNotified: 1,
    NotificationFailed: 1,
    FactIgnored: 1,
    InboundStarted: 2,
    InboundEnded: 1,
    IntakeRefused: 1,
    CustomerErased: 1,
    OwnershipTaken: 1,
    RecordQuarantined: 1,
  },
  state: { RequestState: 1, CustomerState: 1, Checkpoint: 1, CauseHandled: 1, OwnershipTaken: 1 },
  offers: { Offer: 2, Grant: 1, HangUp: 1 },
  load: { LoadReported: 1 },
  directory: {
    SenderRegistered: 1,
    CustomerPreferencesSet: 1,
    ReceiverRulesSet: 2,
    HoldDeclared: 1,
    HoldLifted: 1,
  },
  keys: { KeyMinted: 1, KeyringFounded: 1 },
};

export const TOPICS = Object.keys(WRITTEN_VERSIONS) as readonly TopicName[];

/** The record for `message`; its type alone, but for a reported call step. */
export function recordNameOf(message: Messages[TopicName]): string {
  return message.type === "CallReported" ? `CallReported${message.step.type}` : message.type;
}
