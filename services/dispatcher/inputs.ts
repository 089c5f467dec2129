/** What follows from each record of `requests`: at least one event, be it that nothing did. */
import { seenBefore } from "../../domain/customer/state.ts";
import type { Decision } from "../../domain/kernel/decision.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type {
  CancelRequest,
  InboundReported,
  InputMessage,
  OfferAnswer,
  SubmitRequest,
} from "../../domain/request/commands.ts";
import {
  callReported,
  cancel,
  type DispatchLimits,
  isAbout,
  offerAnswered,
  submit,
} from "../../domain/request/decide.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { RequestState } from "../../domain/request/state.ts";
import type { Book } from "./book.ts";
import { eraseCustomer } from "./erasing.ts";
import type { Judge } from "./judge.ts";
import type { Cause } from "./ledger.ts";
import type { Pen } from "./pen.ts";

export type InputTaker = (message: InputMessage, cause: Cause, now: Instant) => void;

export type InputPorts = {
  readonly book: Book;
  readonly pen: Pen;
  readonly judge: Judge;
  readonly limits: (state: RequestState) => DispatchLimits;
  /** A server says that it holds a port for an offer, or that it does not. */
  readonly onAnswer: (answer: OfferAnswer) => void;
};

export function createInputTaker({ book, pen, judge, limits, onAnswer }: InputPorts): InputTaker {
  /** Writes a yes; a no is kept as `FactIgnored`, since somebody asked for it. */
  function settle(
    { requestId, type: fact }: SubmitRequest | CancelRequest,
    decision: Decision<RequestEvent, string>,
    cause: Cause,
    now: Instant,
  ): void {
    if (decision.ok) pen.write(requestId, decision.events, cause, now);
    else pen.ignore(requestId, { fact, reason: decision.reason }, cause, now);
  }

  function takeSubmit(command: SubmitRequest, cause: Cause, now: Instant): void {
    const customer = book.customer(command.terms.customer);
    const earlier = seenBefore(customer, command.messageDigest, now);
    if (earlier !== null) {
      const reason = earlier === command.requestId ? "duplicate" : "replayed";
      return pen.ignore(earlier, { fact: command.type, reason }, cause, now);
    }
    const judgement = judge.judge(command.terms, customer, null, now);
    settle(command, submit(book.stateOf(command.requestId), command, judgement, now), cause, now);
  }

  function takeCancel(command: CancelRequest, cause: Cause, now: Instant): void {
    settle(command, cancel(book.stateOf(command.requestId), command.sender, now), cause, now);
  }

  function takeAnswer(answer: OfferAnswer, cause: Cause, now: Instant): void {
    const state = book.stateOf(answer.requestId);
    if (state.phase === "offered" && isAbout(state, answer)) onAnswer(answer);
    const judgement =
      state.phase === "offered" && answer.type === "OfferAccepted"
        ? judge.judge(state.terms, book.customer(state.terms.customer), state.offer, now)
        : null;
    pen.write(answer.requestId, offerAnswered(state, answer, judgement, limits(state), now), cause, now);
  }

  function takeCaller(message: InboundReported, cause: Cause, now: Instant): void {
    const { customer, inboundId, type: fact } = message;
    if (!book.customer(customer).goneCalls.includes(inboundId)) return pen.caller(message, cause, now);
    // Its server came back after it had been declared gone: the end of its calls has been told.
    pen.note({ type: "FactIgnored", at: now, fact, reason: "server-gone" }, customer, cause, now);
  }

  return (message, cause, now) => {
    switch (message.type) {
      case "SubmitRequest":
        return takeSubmit(message, cause, now);
      case "CancelRequest":
        return takeCancel(message, cause, now);
      case "OfferAccepted":
      case "OfferRejected":
        return takeAnswer(message, cause, now);
      case "CallReported": {
        const state = book.stateOf(message.requestId);
        return pen.write(message.requestId, callReported(state, message, limits(state), now), cause, now);
      }
      case "InboundStarted":
      case "InboundEnded":
        return takeCaller(message, cause, now);
      case "IntakeRefused":
        return pen.note(message, "gate", cause, now);
      case "EraseCustomer":
        return eraseCustomer({ book, pen }, message, cause, now);
      default:
        return message satisfies never;
    }
  };
}
