/**
 * Any message of the house, one generator per Avro record. The compiler does half of the test: a message without
 * a generator, or a field that its generator lacks, does not build.
 */
import fc, { type Arbitrary } from "fast-check";
import type { Credential } from "../../domain/directory/messages.ts";
import type { Messages, TopicName } from "../../domain/ports/event-log.ts";
import type { CallCompleted, CallStep } from "../../domain/session/call-step.ts";
import type { RecordName } from "../../schemas/record-names.ts";
import {
  aCustomer,
  aDocument,
  aLength,
  anAuthentication,
  anInstant,
  anOffer,
  aRequest,
  aSender,
  aServer,
  aVerdict,
  aWindow,
  big,
  flag,
  maybe,
  oneOf,
  real,
  sealed,
  terms,
  text,
  whole,
} from "./arbitrary-values.ts";

type Step<Type extends CallStep["type"]> = Extract<CallStep, { type: Type }>;
type Fields<Type extends CallStep["type"]> = { [Name in keyof Step<Type>]: Arbitrary<Step<Type>[Name]> };
type MessageOf<Topic extends TopicName, Name> = Name extends `CallReported${string}`
  ? Extract<Messages[Topic], { type: "CallReported" }>
  : Extract<Messages[Topic], { type: Name }>;

const is = <const T extends string>(type: T): Arbitrary<T> => fc.constant(type);
const at = anInstant;
const verdicts = fc.array(aVerdict, { maxLength: 2 });
const channel = oneOf("http", "email", "console", "inbound");

const steps: { [Type in CallStep["type"]]: Fields<Type> } = {
  CallPlaced: { type: is("CallPlaced"), at, sipCallId: text, trunk: text },
  CallRinging: { type: is("CallRinging"), at, sipCode: whole, earlyMedia: flag },
  CallAnswered: { type: is("CallAnswered"), at, answeredBy: oneOf("unknown", "human", "machine", "fax") },
  SessionStarted: { type: is("SessionStarted"), at, documentUrl: text },
  InputCollected: {
    type: is("InputCollected"),
    at,
    field: text,
    mode: oneOf("dtmf", "voice"),
    value: sealed,
  },
  TransferStarted: { type: is("TransferStarted"), at, destination: sealed },
  DataSubmitted: { type: is("DataSubmitted"), at, url: text, status: whole },
  CallCompleted: {
    type: is("CallCompleted"),
    at,
    outcome: oneOf<CallCompleted["outcome"]>("completed", "no-answer", "busy", "media-failed"),
    endedBy: oneOf("customer", "us", "network"),
    localCause: maybe(text),
    sipCode: maybe(whole),
    q850: maybe(whole),
    alerted: flag,
    earlyMedia: flag,
    invitedAt: maybe(at),
    ringingAt: maybe(at),
    answeredAt: maybe(at),
    portSeizedAt: at,
    portReleasedAt: at,
    talkMs: aLength,
    dialogResult: maybe(oneOf("ok", "hangup", "error")),
    dialogEvent: maybe(text),
    exit: maybe(sealed),
    inputs: whole,
    noInputs: whole,
    noMatches: whole,
    firstPromptMs: maybe(aLength),
    participatedMs: aLength,
    rtpReceived: big,
    rtpConcealed: big,
    jitterMs: real,
  },
  CallLost: {
    type: is("CallLost"),
    at,
    phase: oneOf("granted", "invited", "answered"),
    how: oneOf("journal", "hold-gone", "server-gone", "silence"),
  },
};

const order = { attempt: whole, offer: anOffer, server: aServer, factSeq: whole } as const;

function reported(type: CallStep["type"]): Arbitrary<MessageOf<"requests", "CallReported">> {
  return fc.record({
    type: is("CallReported"),
    requestId: aRequest,
    offer: anOffer,
    server: aServer,
    factSeq: whole,
    // A record of generators is a generator of that record; the compiler can't follow that over a union.
    step: fc.record<object>(steps[type]) as Arbitrary<CallStep>,
  });
}

const inboundStarted = fc.record({
  type: is("InboundStarted"),
  inboundId: text,
  customer: aCustomer,
  server: aServer,
  port: whole,
  sipCallId: text,
  at,
  runStartedAt: fc.option(at),
});
const inboundEnded = fc.record({
  type: is("InboundEnded"),
  inboundId: text,
  customer: aCustomer,
  server: aServer,
  port: whole,
  startedAt: at,
  endedBy: oneOf("customer", "us", "network"),
  at,
});
const intakeRefused = fc.record({
  type: is("IntakeRefused"),
  channel,
  claimedSender: text,
  source: text,
  reason: text,
  count: big,
  at,
});
const ownershipTaken = fc.record({ type: is("OwnershipTaken"), owner: text, epoch: big, at });

const toServer = {
  server: aServer,
  offer: anOffer,
  requestId: aRequest,
  customer: aCustomer,
  partition: whole,
  epoch: big,
  at,
} as const;

const credential: Arbitrary<Credential> = fc.oneof(
  fc.record({ mechanism: is("password"), keyId: text, phc: text }),
  fc.record({ mechanism: is("api-key"), keyId: text, sha256: text }),
  fc.record({ mechanism: is("message-digest"), keyId: text, secret: sealed }),
);

export const ARBITRARY_MESSAGES: {
  readonly [Topic in TopicName]: { readonly [Name in RecordName<Topic>]: Arbitrary<MessageOf<Topic, Name>> };
} = {
  requests: {
    SubmitRequest: fc.record({
      type: is("SubmitRequest"),
      requestId: aRequest,
      terms,
      channel,
      authentication: anAuthentication,
      createdAt: maybe(at),
      receivedAt: at,
      messageDigest: text,
    }),
    CancelRequest: fc.record({ type: is("CancelRequest"), requestId: aRequest, sender: aSender, at }),
    OfferAccepted: fc.record({
      type: is("OfferAccepted"),
      requestId: aRequest,
      offer: anOffer,
      server: aServer,
      port: whole,
      epoch: big,
      at,
      runStartedAt: fc.option(at),
    }),
    OfferRejected: fc.record({
      type: is("OfferRejected"),
      requestId: aRequest,
      offer: anOffer,
      server: aServer,
      reason: oneOf("busy", "glare", "stale-epoch", "hold-expired"),
      epoch: big,
      at,
    }),
    CallReportedCallPlaced: reported("CallPlaced"),
    CallReportedCallRinging: reported("CallRinging"),
    CallReportedCallAnswered: reported("CallAnswered"),
    CallReportedSessionStarted: reported("SessionStarted"),
    CallReportedInputCollected: reported("InputCollected"),
    CallReportedTransferStarted: reported("TransferStarted"),
    CallReportedDataSubmitted: reported("DataSubmitted"),
    CallReportedCallCompleted: reported("CallCompleted"),
    CallReportedCallLost: reported("CallLost"),
    InboundStarted: inboundStarted,
    InboundEnded: inboundEnded,
    IntakeRefused: intakeRefused,
    EraseCustomer: fc.record({ type: is("EraseCustomer"), customer: aCustomer, keys: whole, at }),
  },
  events: {
    RequestReceived: fc.record({
      type: is("RequestReceived"),
      at,
      terms,
      channel,
      authentication: anAuthentication,
      createdAt: maybe(at),
      messageDigest: text,
    }),
    PolicyRejected: fc.record({ type: is("PolicyRejected"), at, verdicts }),
    RequestScheduled: fc.record({ type: is("RequestScheduled"), at, dueAt: at, verdicts }),
    RequestQueued: fc.record({ type: is("RequestQueued"), at, priority: real, verdicts }),
    LineWaitEnded: fc.record({ type: is("LineWaitEnded"), at, waitedMs: aLength }),
    RequestSetAside: fc.record({ type: is("RequestSetAside"), at, knownUpTo: whole, foundNext: whole }),
    Dispatched: fc.record({
      type: is("Dispatched"),
      at,
      attempt: whole,
      offer: anOffer,
      server: aServer,
      expiresAt: at,
      verdicts,
      callBefore: at,
    }),
    DispatchRejected: fc.record({
      type: is("DispatchRejected"),
      at,
      attempt: whole,
      offer: anOffer,
      server: aServer,
      reason: oneOf("busy", "offer-expired", "server-gone", "policy-changed"),
    }),
    Accepted: fc.record({
      type: is("Accepted"),
      at,
      attempt: whole,
      offer: anOffer,
      server: aServer,
      port: whole,
      runStartedAt: fc.option(at),
    }),
    CallPlaced: fc.record({ ...steps.CallPlaced, ...order }),
    CallRinging: fc.record({ ...steps.CallRinging, ...order }),
    CallAnswered: fc.record({ ...steps.CallAnswered, ...order }),
    SessionStarted: fc.record({ ...steps.SessionStarted, ...order }),
    InputCollected: fc.record({ ...steps.InputCollected, ...order }),
    TransferStarted: fc.record({ ...steps.TransferStarted, ...order }),
    DataSubmitted: fc.record({ ...steps.DataSubmitted, ...order }),
    CallCompleted: fc.record({ ...steps.CallCompleted, ...order }),
    CallLost: fc.record({ ...steps.CallLost, ...order }),
    RetryScheduled: fc.record({ type: is("RetryScheduled"), at, attempt: whole, dueAt: at, why: text }),
    CancelRequested: fc.record({ type: is("CancelRequested"), at, by: aSender }),
    RequestCompleted: fc.record({ type: is("RequestCompleted"), at, attempts: whole, outcome: text }),
    RequestFailed: fc.record({ type: is("RequestFailed"), at, attempts: whole, outcome: text }),
    RequestExpired: fc.record({ type: is("RequestExpired"), at, attempts: whole, reason: text }),
    RequestCancelled: fc.record({ type: is("RequestCancelled"), at, attempts: whole }),
    SenderNotified: fc.record({ type: is("SenderNotified"), at, notice: text, status: whole }),
    NotificationFailed: fc.record({ type: is("NotificationFailed"), at, notice: text, reason: text }),
    FactIgnored: fc.record({ type: is("FactIgnored"), at, fact: text, reason: text }),
    InboundStarted: inboundStarted,
    InboundEnded: inboundEnded,
    IntakeRefused: intakeRefused,
    CustomerErased: fc.record({ type: is("CustomerErased"), at, customer: aCustomer, keys: whole }),
    OwnershipTaken: ownershipTaken,
    RecordQuarantined: fc.record({
      type: is("RecordQuarantined"),
      at,
      topic: text,
      partition: whole,
      offset: big,
      reason: text,
    }),
  },
  state: {
    RequestState: fc.record({ type: is("RequestState"), seq: big, handledUpTo: maybe(big), snapshot: text }),
    CustomerState: fc.record({ type: is("CustomerState"), handledUpTo: maybe(big), snapshot: text }),
    Checkpoint: fc.record({ type: is("Checkpoint"), eventsUpTo: big }),
    CauseHandled: fc.record({ type: is("CauseHandled"), causeId: text }),
    OwnershipTaken: ownershipTaken,
  },
  offers: {
    Offer: fc.record({
      type: is("Offer"),
      ...toServer,
      attempt: whole,
      expiresAt: at,
      outboundPercentMax: whole,
      inboundReserve: whole,
    }),
    Grant: fc.record({
      type: is("Grant"),
      ...toServer,
      attempt: whole,
      sender: aSender,
      to: sealed,
      from: maybe(sealed),
      document: aDocument,
      ringTimeoutMs: aLength,
      maxSessionMs: aLength,
      callBefore: at,
      userData: maybe(sealed),
    }),
    HangUp: fc.record({ type: is("HangUp"), ...toServer, why: oneOf("cancelled", "offer-expired") }),
  },
  load: {
    LoadReported: fc.record({
      type: is("LoadReported"),
      server: aServer,
      at,
      startedAt: at,
      ports: whole,
      inUseOutbound: whole,
      inUseInbound: whole,
      held: whole,
      inboundReserve: whole,
      lastInboundAt: maybe(at),
      lastFullToFreeAt: maybe(at),
      mediaLatenessMs: real,
      glare: big,
      draining: flag,
    }),
  },
  directory: {
    SenderRegistered: fc.record({
      type: is("SenderRegistered"),
      sender: aSender,
      at,
      standing: oneOf("active", "suspended"),
      credentials: fc.array(credential, { maxLength: 3 }),
      sources: fc.array(text, { maxLength: 3 }),
      hours: fc.array(aWindow, { maxLength: 3 }),
      serviceLevel: oneOf("basic", "enhanced"),
      bulkiness: oneOf("solitary", "bulk"),
    }),
    HoldDeclared: fc.record({ type: is("HoldDeclared"), at, by: text, reason: text }),
    HoldLifted: fc.record({
      type: is("HoldLifted"),
      at,
      heldSince: at,
      choice: oneOf("accept-repeat", "mark-unknown"),
    }),
    CustomerPreferencesSet: fc.record({
      type: is("CustomerPreferencesSet"),
      customer: aCustomer,
      at,
      zone: maybe(text),
      hours: fc.array(aWindow, { maxLength: 3 }),
      volumeMax: maybe(big),
    }),
    ReceiverRulesSet: fc.record({
      type: is("ReceiverRulesSet"),
      at,
      version: text,
      hours: fc.array(aWindow, { maxLength: 3 }),
      unknownZone: oneOf("refuse", "allow"),
      volumeMax: big,
      volumePeriodMs: aLength,
      countries: fc.array(text, { maxLength: 3 }),
      highRiskPrefixes: fc.array(text, { maxLength: 3 }),
      offerRefusalsMax: whole,
      enhancedOfferRefusalsMax: whole,
      serverChoice: oneOf("low-load", "round-robin", "combination"),
      loadPercentMax: whole,
      serverLoadPercentMax: whole,
      inboundReserve: whole,
      lineWaitMs: maybe(aLength),
      lostRetryMs: aLength,
      hoursPrecedence: oneOf("customer", "sender"),
    }),
  },
  keys: {
    KeyMinted: fc.record({
      type: is("KeyMinted"),
      subject: text,
      month: text,
      keyId: text,
      wrapped: text,
      at,
    }),
    KeyringFounded: fc.record({ type: is("KeyringFounded"), fingerprint: text, at }),
  },
};

/** Topic, record and generator of every record, for tests that go through all of them. */
export const EVERY_RECORD: readonly (readonly [TopicName, string, Arbitrary<Messages[TopicName]>])[] =
  Object.entries(ARBITRARY_MESSAGES).flatMap(([topic, records]) =>
    Object.entries(records).map(
      ([record, arbitrary]) =>
        [topic as TopicName, record, arbitrary as Arbitrary<Messages[TopicName]>] as const,
    ),
  );
