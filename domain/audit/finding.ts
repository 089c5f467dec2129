/** What an audit can find, each with a code that is never reused and what it means to whoever reads it. */
import type { RequestId } from "../kernel/identifiers.ts";

/** `fault`: what is written can't be so. `note`: worth knowing, and has an innocent explanation. */
export type Severity = "fault" | "note";

export const FINDINGS = {
  "chain-broken": {
    severity: "fault",
    means: "A record up to here is not the one that was linked: changed, removed, inserted or moved.",
  },
  "link-missing": {
    severity: "fault",
    means: "A record without a link stands among linked ones: no owner of the partition wrote it.",
  },
  "records-missing": {
    severity: "fault",
    means: "Offsets are missing, in a log that never leaves one out.",
  },
  "beginning-missing": {
    severity: "fault",
    means: "The first records are gone, in a log that keeps them for ever.",
  },
  "beginning-expired": {
    severity: "note",
    means: "The first records are gone by the topic's retention; what follows is checked from there.",
  },
  "unchained-beginning": {
    severity: "note",
    means: "The first records were written before there were chains; the first link covers them all.",
  },
  unreadable: {
    severity: "fault",
    means: "The record can't be decoded: damage, or written by a newer program than this one.",
  },
  "sequence-gap": {
    severity: "fault",
    means: "Numbers of a Request are missing: events were lost or removed.",
  },
  "sequence-repeat": {
    severity: "note",
    means: "A number came twice with the same event, as after a torn commit; the first one counts.",
  },
  "repeat-differs": {
    severity: "fault",
    means: "A number came twice with two different events.",
  },
  "second-end": {
    severity: "fault",
    means: "A Request ended twice.",
  },
  "epoch-went-back": {
    severity: "fault",
    means: "An owner took the partition under an epoch that is not above the one before.",
  },
  "foreign-owner": {
    severity: "fault",
    means: "An event carries another epoch than the owner of the partition had: a superseded owner wrote.",
  },
  "cause-uncited": {
    severity: "fault",
    means: "A command or fact was handled and nothing in the log follows from it: an event was lost.",
  },
  "cause-waiting": {
    severity: "note",
    means: "Commands or facts are not handled yet: a dispatcher is behind, or none runs.",
  },
  "state-differs": {
    severity: "fault",
    means: "What the owner remembers is not what follows from the events.",
  },
  "state-ahead": {
    severity: "fault",
    means: "The owner has written events that are not there: the end of the log is missing.",
  },
  "state-missing": {
    severity: "fault",
    means: "A Request is open by the events, and its owner has no record of it.",
  },
  "storage-damaged": {
    severity: "fault",
    means: "The file under the log is damaged: what stands there can't be read, or not be relied on.",
  },
  "reports-differ": {
    severity: "fault",
    means: "The tables of the reports hold other rows than the log gives.",
  },
  "reports-behind": {
    severity: "note",
    means: "The tables do not hold the newest events yet; only what they say they hold was compared.",
  },
  "reports-unchecked": {
    severity: "fault",
    means: "The tables of the reports could not be asked.",
  },
  "anchor-differs": {
    severity: "fault",
    means: "The log is not the one that the earlier export was made from: its history was rewritten.",
  },
  "file-malformed": {
    severity: "fault",
    means: "The file is not as an export is written.",
  },
  "file-changed": {
    severity: "fault",
    means: "The lines of the file are not those that were signed.",
  },
  "signature-wrong": {
    severity: "fault",
    means: "The signature does not fit the file and the public key.",
  },
  "key-differs": {
    severity: "fault",
    means: "The file is signed by another key than the one that was given.",
  },
  "digest-differs": {
    severity: "fault",
    means: "The digest in the file is not that of the record beside it.",
  },
} as const satisfies Record<string, { readonly severity: Severity; readonly means: string }>;

type FindingCode = keyof typeof FINDINGS;

export type Finding = {
  readonly code: FindingCode;
  /** Null where no record is concerned. */
  readonly place: { readonly topic: string; readonly partition: number; readonly offset: number } | null;
  readonly request: RequestId | null;
  /** What was expected and what was found; never personal data. */
  readonly detail: string;
};

export function severityOf(finding: Finding): Severity {
  return FINDINGS[finding.code].severity;
}
