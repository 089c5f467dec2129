/**
 * One granted call, from the INVITE to its outcome in the log. The order of things is what makes it safe: the
 * journal says "open" before the INVITE leaves, and goes on saying so until the outcome is durable in the log.
 */
import type { ServerId } from "../../domain/kernel/identifiers.ts";
import type { Sealed } from "../../domain/kernel/sealed.ts";
import { type Instant, milliseconds } from "../../domain/kernel/time.ts";
import type { DialogResult, DialogRunner, DialogStep } from "../../domain/ports/dialog-runner.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import type { Call, CallEnding, CallLeg, CallProgress, Telephony } from "../../domain/ports/telephony.ts";
import type { CallStep } from "../../domain/session/call-step.ts";
import { maskedUrl } from "../../domain/session/masked-url.ts";
import { outcomeOf } from "../../domain/session/outcome.ts";
import type { OpenedGrant } from "./open-grant.ts";

export type OutboundPorts = {
  readonly telephony: Pick<Telephony, "place">;
  readonly dialogs: Pick<DialogRunner, "run">;
  readonly keyring: Pick<Keyring, "open" | "seal">;
  readonly now: () => Instant;
  /** Never steps: what is billed is measured by it. */
  readonly steadyNow: () => Instant;
  /** Local name put into `session.connection.local.uri`. */
  readonly localUri: string;
};

export type OutboundHooks = {
  /** Resolves when the fact is in the log. */
  readonly report: (step: CallStep) => Promise<Durable>;
  /** The journal should know that somebody heard us. */
  readonly answered: () => void;
  /** Taken back before the INVITE could leave: nobody is called. */
  readonly cancelled: boolean;
  /** The port can carry another call. Answers when it became free. */
  readonly release: () => Instant;
  /** For trials and the demo: what was spoken, unlogged and unstored. */
  readonly observe: (step: DialogStep) => void;
};

export type OutboundCall = {
  readonly server: ServerId;
  hangUp(): void;
  /** The outcome is durable in the log. */
  readonly reported: Promise<void>;
};

const NO_DIALOG: Omit<DialogResult, "result"> & { readonly result: null } = {
  result: null,
  exit: null,
  event: null,
  inputs: 0,
  noInputs: 0,
  noMatches: 0,
  firstPromptMs: null,
  participatedMs: milliseconds(0),
};

type Dialog = DialogResult | typeof NO_DIALOG;

function neverPlaced(now: Instant): CallEnding {
  return {
    endedBy: "us",
    localCause: "hung-up",
    sipCode: null,
    q850: null,
    alerted: false,
    earlyMedia: false,
    invitedAt: null,
    ringingAt: null,
    answeredAt: null,
    endedAt: now,
    media: { received: 0, concealed: 0, sent: 0, jitterMs: 0 },
  };
}

/** Places the call that a grant allows. `permit` proves that the grant and the journal entry are on disk. */
export function placeOutbound(
  { grant, to, from }: OpenedGrant,
  seizedAt: Instant,
  permit: Durable,
  ports: OutboundPorts,
  hooks: OutboundHooks,
): OutboundCall {
  const ended = Promise.withResolvers<CallEnding>();
  const hungUp = new AbortController();
  let dialog: Promise<Dialog> = Promise.resolve(NO_DIALOG);
  /** By the steady clock; the instants of an ending are the wall clock's, which may be set in between. */
  let talkedSince: Instant | null = null;
  let talkMs = milliseconds(0);
  let call: Call | null = null;
  // Facts leave in the order in which things happened, though sealing takes its time.
  let facts: Promise<unknown> = Promise.resolve();

  function report(make: () => CallStep | Promise<CallStep>): void {
    facts = reportAfter(facts, make);
  }

  async function reportAfter(
    earlier: Promise<unknown>,
    make: () => CallStep | Promise<CallStep>,
  ): Promise<void> {
    await earlier;
    // Not awaited: the outbox keeps the order, and the next fact need not wait for the disk.
    void hooks.report(await make());
  }

  const seal = (text: string): Promise<Sealed> => ports.keyring.seal(grant.customer, ports.now(), text);

  function onStep(step: DialogStep): void {
    hooks.observe(step);
    const { at } = step;
    switch (step.type) {
      case "started":
        return report(() => ({ type: "SessionStarted", at, documentUrl: maskedUrl(step.documentUrl) }));
      case "input":
        return report(async () => ({
          type: "InputCollected",
          at,
          field: step.field,
          mode: step.mode,
          value: await seal(step.value),
        }));
      case "submitted":
        return report(() => ({ type: "DataSubmitted", at, url: maskedUrl(step.url), status: step.status }));
      case "transfer":
        return report(async () => ({
          type: "TransferStarted",
          at,
          destination: await seal(step.destination),
        }));
      default:
    }
  }

  async function converse(leg: CallLeg): Promise<Dialog> {
    const text = grant.document.kind === "inline" ? await ports.keyring.open(grant.document.sealed) : null;
    if (grant.document.kind === "inline" && text === null) {
      return { ...NO_DIALOG, result: "error", event: "error.com.reveille.erased" };
    }
    const document =
      grant.document.kind === "url"
        ? { kind: "url" as const, url: grant.document.url }
        : { kind: "inline" as const, text: text ?? "" };
    return ports.dialogs.run(
      {
        document,
        request: grant.requestId,
        sender: grant.sender,
        attempt: grant.attempt,
        userData: grant.userData === null ? null : await ports.keyring.open(grant.userData),
        connection: { localUri: ports.localUri, remoteUri: `tel:${to ?? ""}`, originator: "local" },
      },
      leg,
      onStep,
      hungUp.signal,
    );
  }

  function onProgress(progress: CallProgress): void {
    switch (progress.type) {
      case "placed":
        return report(() => ({ ...progress, type: "CallPlaced" }));
      case "ringing":
        return report(() => ({ ...progress, type: "CallRinging" }));
      case "answered": {
        talkedSince = ports.steadyNow();
        hooks.answered();
        report(() => ({ type: "CallAnswered", at: progress.at, answeredBy: "unknown" }));
        dialog = converse(progress.leg).finally(() => call?.hangUp());
        return;
      }
      case "ended":
        if (talkedSince !== null) talkMs = milliseconds(ports.steadyNow() - talkedSince);
        hungUp.abort();
        return ended.resolve(progress.ending);
      default:
        return progress satisfies never;
    }
  }

  async function conclude(): Promise<void> {
    const ending = await ended.promise;
    // The port is free when the network is done with it; the dialog's last steps need none.
    const releasedAt = hooks.release();
    const said = await dialog.catch(
      (error: unknown): Dialog => ({
        ...NO_DIALOG,
        result: "error",
        event: `error.com.reveille.${String(error)}`,
      }),
    );
    const exit = said.exit === null ? null : await seal(said.exit);
    await facts;
    await hooks.report({
      type: "CallCompleted",
      at: ports.now(),
      outcome: outcomeOf(ending, said.result),
      endedBy: ending.endedBy,
      localCause: ending.localCause,
      sipCode: ending.sipCode,
      q850: ending.q850,
      alerted: ending.alerted,
      earlyMedia: ending.earlyMedia,
      invitedAt: ending.invitedAt,
      ringingAt: ending.ringingAt,
      answeredAt: ending.answeredAt,
      portSeizedAt: seizedAt,
      portReleasedAt: releasedAt,
      talkMs,
      dialogResult: said.result,
      dialogEvent: said.event,
      exit,
      inputs: said.inputs,
      noInputs: said.noInputs,
      noMatches: said.noMatches,
      firstPromptMs: said.firstPromptMs,
      participatedMs: said.participatedMs,
      rtpReceived: ending.media.received,
      rtpConcealed: ending.media.concealed,
      jitterMs: Math.round(ending.media.jitterMs),
    });
  }

  if (to === null || hooks.cancelled) {
    // Erased or taken back between offer and grant: there is nobody to call any more.
    ended.resolve(neverPlaced(ports.now()));
  } else {
    const { offer, ringTimeoutMs, maxSessionMs, callBefore } = grant;
    call = ports.telephony.place(
      { offer, to, from, ringTimeoutMs, maxSessionMs, callBefore },
      permit,
      onProgress,
    );
  }
  return { server: grant.server, hangUp: () => call?.hangUp("hung-up"), reported: conclude() };
}
