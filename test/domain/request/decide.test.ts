import { describe, test } from "vitest";
import { offerId } from "../../../domain/kernel/identifiers.ts";
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { CallReported, OfferAnswer } from "../../../domain/request/commands.ts";
import type { Judgement } from "../../../domain/request/context.ts";
import {
  callReported,
  callSilent,
  cancel,
  dispatch,
  expire,
  fallDue,
  offerAnswered,
  offerExpired,
  serverGone,
  submit,
} from "../../../domain/request/decide.ts";
import type { RequestEvent } from "../../../domain/request/events.ts";
import type { CallStep } from "../../../domain/session/call-step.ts";
import { given } from "../../support/given.ts";
import {
  ALLOWED,
  acceptedOffer,
  completed,
  dispatched,
  HOTEL,
  later,
  NINE,
  queued,
  REQUEST,
  received,
  SERVER,
  submission,
} from "../../support/sample-request.ts";

const OTHER_SERVER = "telephony-2" as typeof SERVER;
const LIMITS = {
  offerTtlMs: milliseconds(5_000),
  offerRefusalsMax: 3,
  lostRetryMs: milliseconds(30_000),
  lineWaitMs: milliseconds(60_000),
};
const CHOICE = { server: SERVER, requestId: REQUEST };
const WAIT: Judgement = { verdicts: [], conclusion: { is: "wait", until: later(60_000) } };
const REFUSED: Judgement = {
  verdicts: [],
  conclusion: { is: "refuse", reason: "number.emergency", terminal: "rejected" },
};
const TOO_LATE: Judgement = {
  verdicts: [],
  conclusion: { is: "refuse", reason: "deadline.passed", terminal: "expired" },
};

function answer(type: OfferAnswer["type"], offer = 1): OfferAnswer {
  const common = {
    requestId: REQUEST,
    offer: offerId(REQUEST, offer),
    server: SERVER,
    epoch: 1,
    at: later(5),
  };
  return type === "OfferAccepted"
    ? { type, ...common, port: 3, runStartedAt: NINE }
    : { type, ...common, reason: "busy" };
}

function fact(step: CallStep, factSeq = 1, offer = 1): CallReported {
  return {
    type: "CallReported",
    requestId: REQUEST,
    offer: offerId(REQUEST, offer),
    server: SERVER,
    factSeq,
    step,
  };
}

const placed: CallStep = { type: "CallPlaced", at: later(20), sipCallId: "abc", trunk: "main" };
const callEvent = (step: CallStep, factSeq: number): RequestEvent => ({
  ...step,
  attempt: 1,
  offer: offerId(REQUEST, 1),
  server: SERVER,
  factSeq,
});
const answered = callEvent({ type: "CallAnswered", at: later(900), answeredBy: "unknown" }, 3);
const calling = [received(), queued, dispatched(), acceptedOffer()] as const;

describe("a submitted Request (L02, L04)", () => {
  test("is queued when every check allows it", () => {
    given()
      .when((state) => submit(state, submission(), ALLOWED, NINE))
      .emits({ type: "RequestReceived" }, { type: "RequestQueued" });
  });
  test("is refused with its verdicts kept (F16, L05)", () => {
    given()
      .when((state) => submit(state, submission(), REFUSED, NINE))
      .emits({ type: "RequestReceived" }, { type: "PolicyRejected" });
  });
  test("waits for the next open hour", () => {
    given()
      .when((state) => submit(state, submission(), WAIT, NINE))
      .emits({ type: "RequestReceived" }, { type: "RequestScheduled", dueAt: later(60_000) });
  });
  test("waits for its designated time", () => {
    given()
      .when((state) => submit(state, submission({ notBefore: later(7_000) }), ALLOWED, NINE))
      .emits({ type: "RequestReceived" }, { type: "RequestScheduled", dueAt: later(7_000) });
  });
  test("expires at once when its deadline has passed", () => {
    given()
      .when((state) => submit(state, submission(), TOO_LATE, NINE))
      .emits({ type: "RequestReceived" }, { type: "RequestExpired" });
  });
  test("is taken once, however often it comes (H09)", () => {
    given(received())
      .when((state) => submit(state, submission(), ALLOWED, NINE))
      .refuses("duplicate");
  });
});

describe("a scheduled Request", () => {
  const scheduled: RequestEvent = { type: "RequestScheduled", at: NINE, dueAt: later(60_000), verdicts: [] };
  test("is queued when its time has come", () => {
    given(received(), scheduled)
      .when((state) => fallDue(state, ALLOWED, later(60_000)))
      .emits({ type: "RequestQueued" });
  });
  test("is left alone before its time", () => {
    given(received(), scheduled)
      .when((state) => fallDue(state, ALLOWED, later(59_999)))
      .refuses("not-due");
  });
  test("is scheduled again when another window has shut meanwhile", () => {
    given(received(), scheduled)
      .when((state) => fallDue(state, WAIT, later(60_000)))
      .emits({ type: "RequestScheduled" });
  });
  test("is not due when it is not scheduled", () => {
    given(received(), queued)
      .when((state) => fallDue(state, ALLOWED, NINE))
      .refuses("not-scheduled");
  });
});

describe("dispatch (L07)", () => {
  test("offers a queued Request to the chosen server", () => {
    given(received(), queued)
      .when((state) => dispatch(state, CHOICE, ALLOWED, LIMITS, NINE))
      .emits({ type: "Dispatched", offer: offerId(REQUEST, 1), attempt: 1, expiresAt: later(5_000) });
  });
  test("checks policy again before it offers", () => {
    given(received(), queued)
      .when((state) => dispatch(state, CHOICE, WAIT, LIMITS, NINE))
      .emits({ type: "RequestScheduled" });
  });
  test("offers nothing that is not queued", () => {
    given(received(), queued, dispatched())
      .when((state) => dispatch(state, CHOICE, ALLOWED, LIMITS, NINE))
      .refuses("not-queued");
  });
});

describe("a server's answer (L10, L11)", () => {
  const offered = [received(), queued, dispatched()] as const;
  test("yes leads to a grant", () => {
    given(...offered)
      .when((state) => offerAnswered(state, answer("OfferAccepted"), ALLOWED, LIMITS, later(5)))
      .emits({ type: "Accepted", port: 3 });
  });
  test("yes after the offer expired grants nothing", () => {
    given(...offered)
      .when((state) => offerAnswered(state, answer("OfferAccepted"), ALLOWED, LIMITS, later(5_000)))
      .emits({ type: "FactIgnored", reason: "offer-expired" });
  });
  test("yes is not granted when policy changed meanwhile", () => {
    given(...offered)
      .when((state) => offerAnswered(state, answer("OfferAccepted"), WAIT, LIMITS, later(5)))
      .emits({ type: "DispatchRejected", reason: "policy-changed" }, { type: "RequestScheduled" });
  });
  test("yes to a withdrawn offer is kept as ignored", () => {
    given(...offered)
      .when((state) => offerAnswered(state, answer("OfferAccepted", 2), ALLOWED, LIMITS, later(5)))
      .emits({ type: "FactIgnored", reason: "offer-not-open" });
  });
  test("an answer to an offer of the same name that another server had before a power failure is not about this one", () => {
    const elsewhere = { ...answer("OfferAccepted"), server: OTHER_SERVER };
    given(...offered)
      .when((state) => offerAnswered(state, elsewhere, ALLOWED, LIMITS, later(5)))
      .emits({ type: "FactIgnored", reason: "offer-not-open" });
  });
  test("a second yes to a granted offer grants nothing", () => {
    given(...calling)
      .when((state) => offerAnswered(state, answer("OfferAccepted"), ALLOWED, LIMITS, later(5)))
      .emits({ type: "FactIgnored", reason: "already-granted" });
  });
  test("no puts the Request back into the queue", () => {
    given(...offered)
      .when((state) => offerAnswered(state, answer("OfferRejected"), null, LIMITS, later(5)))
      .emits({ type: "DispatchRejected", reason: "busy" }, { type: "RequestQueued" });
  });
  test("no for the N-th time in a row fails the Request (L12, L13)", () => {
    const refused: RequestEvent = {
      type: "DispatchRejected",
      at: NINE,
      attempt: 1,
      offer: offerId(REQUEST, 1),
      server: SERVER,
      reason: "busy",
    };
    const again: RequestEvent = { ...refused, offer: offerId(REQUEST, 2) };
    given(...offered, refused, queued, dispatched(2), again, queued, dispatched(3))
      .when((state) => offerAnswered(state, answer("OfferRejected", 3), null, LIMITS, later(5)))
      .emits({ type: "DispatchRejected" }, { type: "RequestFailed", outcome: "offers-exhausted" });
  });
  test("silence lets the offer expire, and it is made anew (L14)", () => {
    given(...offered)
      .when((state) => offerExpired(state, offerId(REQUEST, 1), LIMITS, later(5_000)))
      .emits({ type: "DispatchRejected", reason: "offer-expired" }, { type: "RequestQueued" });
  });
  test("an offer does not expire early", () => {
    given(...offered)
      .when((state) => offerExpired(state, offerId(REQUEST, 1), LIMITS, later(4_999)))
      .refuses("not-expired");
  });
  test("an offer that is not open cannot expire", () => {
    given(...calling)
      .when((state) => offerExpired(state, offerId(REQUEST, 1), LIMITS, later(9_000)))
      .refuses("offer-not-open");
  });
});

describe("a call", () => {
  test("is followed step by step (L17)", () => {
    given(...calling)
      .when((state) => callReported(state, fact(placed), LIMITS, later(21)))
      .emits({ type: "CallPlaced", attempt: 1, sipCallId: "abc" });
  });
  test("that is reported twice counts once", () => {
    given(...calling, callEvent(placed, 1))
      .when((state) => callReported(state, fact(placed), LIMITS, later(21)))
      .emits({ type: "FactIgnored", reason: "duplicate" });
  });
  test("of a former offer is kept as ignored", () => {
    given(...calling)
      .when((state) => callReported(state, fact(placed, 1, 9), LIMITS, later(21)))
      .emits({ type: "FactIgnored", reason: "call-not-open" });
  });
  test("what another server remembers of an offer of this name, from before a power failure, is not about this call", () => {
    const elsewhere = {
      ...fact({ type: "CallLost", at: later(21), phase: "invited", how: "journal" }),
      server: OTHER_SERVER,
    };
    given(...calling)
      .when((state) => callReported(state, elsewhere, LIMITS, later(21)))
      .emits({ type: "FactIgnored", fact: "CallLost", reason: "call-not-open" });
  });
  test("whose dialog ran completes the Request (M09)", () => {
    const step = completed({ outcome: "completed", answeredAt: later(900), dialogResult: "ok" });
    given(...calling, answered)
      .when((state) => callReported(state, fact(step, 4), LIMITS, later(31_000)))
      .emits({ type: "CallCompleted" }, { type: "RequestCompleted", attempts: 1, outcome: "completed" });
  });
  test("that nobody answered is tried again later", () => {
    given(...calling)
      .when((state) => callReported(state, fact(completed()), LIMITS, later(31_000)))
      .emits({ type: "CallCompleted" }, { type: "RetryScheduled", attempt: 2, why: "no-answer" });
  });
  test("that was declined is final", () => {
    given(...calling)
      .when((state) =>
        callReported(state, fact(completed({ outcome: "declined", sipCode: 603 })), LIMITS, later(31_000)),
      )
      .emits({ type: "CallCompleted" }, { type: "RequestFailed", outcome: "declined" });
  });
  test("that used the last attempt fails the Request", () => {
    given(received({ maxAttempts: 1 }), queued, dispatched(), acceptedOffer())
      .when((state) => callReported(state, fact(completed()), LIMITS, later(31_000)))
      .emits({ type: "CallCompleted" }, { type: "RequestFailed", attempts: 1, outcome: "no-answer" });
  });
  test("whose retry would miss the deadline expires the Request", () => {
    given(received({ notAfter: later(40_000) }), queued, dispatched(), acceptedOffer())
      .when((state) => callReported(state, fact(completed()), LIMITS, later(31_000)))
      .emits({ type: "CallCompleted" }, { type: "RequestExpired", reason: "no-answer" });
  });
});

const lost = (phase: "granted" | "invited" | "answered"): CallStep => ({
  type: "CallLost",
  at: later(50),
  phase,
  how: "journal",
});

describe("a lost call", () => {
  test("before the INVITE is placed again and uses no attempt, even of one", () => {
    given(received({ maxAttempts: 1 }), queued, dispatched(), acceptedOffer())
      .when((state) => callReported(state, fact(lost("granted")), LIMITS, later(50)))
      .emits({ type: "CallLost" }, { type: "RetryScheduled", attempt: 2, why: "lost" });
  });
  test("while it may have rung ends a basic Request (L16)", () => {
    given(...calling)
      .when((state) => callReported(state, fact(lost("invited")), LIMITS, later(50)))
      .emits({ type: "CallLost" }, { type: "RequestFailed", outcome: "lost" });
  });
  test("while it may have rung is rescheduled for enhanced service (O07)", () => {
    given(received({ serviceLevel: "enhanced" }), queued, dispatched(), acceptedOffer())
      .when((state) => callReported(state, fact(lost("invited")), LIMITS, later(50)))
      .emits({ type: "CallLost" }, { type: "RetryScheduled" });
  });
  test("after the answer is repeated only where the Sender asked for it", () => {
    given(...calling, answered)
      .when((state) => callReported(state, fact(lost("answered"), 4), LIMITS, later(50)))
      .emits({ type: "CallLost" }, { type: "RequestFailed" });
    given(received({ onLost: "retry" }), queued, dispatched(), acceptedOffer(), answered)
      .when((state) => callReported(state, fact(lost("answered"), 4), LIMITS, later(50)))
      .emits({ type: "CallLost" }, { type: "RetryScheduled" });
  });
  test("on a server that is gone counts as one that may have rung", () => {
    given(...calling)
      .when((state) => serverGone(state, SERVER, LIMITS, later(9_000)))
      .emits({ type: "CallLost", phase: "invited", how: "server-gone" }, { type: "RequestFailed" });
  });
  test("is declared by the watchdog when nobody reports its end", () => {
    const atLast = later(10 + 30_000 + 600_000 + 180_000);
    given(...calling)
      .when((state) => callSilent(state, LIMITS, atLast))
      .emits({ type: "CallLost", how: "silence" }, { type: "RequestFailed" });
    given(...calling)
      .when((state) => callSilent(state, LIMITS, later(600_000)))
      .refuses("not-yet");
    given(received(), queued)
      .when((state) => callSilent(state, LIMITS, atLast))
      .refuses("not-calling");
  });
  test("is not declared for a Request that is elsewhere", () => {
    given(received(), queued)
      .when((state) => serverGone(state, SERVER, LIMITS, later(9_000)))
      .refuses("not-there");
  });
  test("an offer on a server that is gone is made elsewhere", () => {
    given(received(), queued, dispatched())
      .when((state) => serverGone(state, SERVER, LIMITS, later(900)))
      .emits({ type: "DispatchRejected", reason: "server-gone" }, { type: "RequestQueued" });
  });
});

describe("a deadline", () => {
  test("ends a waiting Request", () => {
    given(received(), queued)
      .when((state) => expire(state, later(86_400_000)))
      .emits({ type: "RequestExpired", reason: "deadline.passed" });
  });
  test("does not end it early, nor a call in progress", () => {
    given(received(), queued)
      .when((state) => expire(state, later(86_399_999)))
      .refuses("not-yet");
    given(...calling)
      .when((state) => expire(state, later(86_400_000)))
      .refuses("not-waiting");
  });
});

describe("cancelling", () => {
  test("ends a waiting Request at once", () => {
    given(received(), queued)
      .when((state) => cancel(state, HOTEL, NINE))
      .emits({ type: "CancelRequested" }, { type: "RequestCancelled", attempts: 0 });
  });
  test("of a call in progress waits for its end", () => {
    given(...calling)
      .when((state) => cancel(state, HOTEL, NINE))
      .emits({ type: "CancelRequested" });
    const requested: RequestEvent = { type: "CancelRequested", at: NINE, by: HOTEL };
    given(...calling, requested)
      .when((state) => callReported(state, fact(completed({ outcome: "cancelled" })), LIMITS, later(60)))
      .emits({ type: "CallCompleted" }, { type: "RequestCancelled" });
    given(...calling, requested)
      .when((state) => cancel(state, HOTEL, NINE))
      .refuses("already-requested");
  });
  test("is for the Request's own Sender only", () => {
    given(received(), queued)
      .when((state) => cancel(state, "other" as typeof HOTEL, NINE))
      .refuses("not-found");
    given()
      .when((state) => cancel(state, HOTEL, NINE))
      .refuses("not-found");
  });
  test("comes too late once the Request is over", () => {
    const over: RequestEvent = { type: "RequestExpired", at: NINE, attempts: 0, reason: "deadline.passed" };
    given(received(), queued, over)
      .when((state) => cancel(state, HOTEL, NINE))
      .refuses("over");
  });
});
