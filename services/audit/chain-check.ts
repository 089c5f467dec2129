/**
 * The chain of one partition, link by link: whether the records are still those that their owners linked.
 *
 * After a break the check goes on, so that one changed record is one finding and not all that follow. It holds
 * several candidates for the running link: the one that the broken record claims, and the ones without it, which
 * fit again where a record was inserted.
 */
import type { Finding } from "../../domain/audit/finding.ts";
import { fromHex, toHex } from "../../domain/kernel/hex.ts";
import { FIRST_LINK, linkInput } from "../../domain/kernel/record-chain.ts";
import type { Digests } from "../../domain/ports/digests.ts";
import type { Delivered, Proof } from "../../domain/ports/event-log.ts";

/**
 * Running links tried at once. Of more the newest are kept, and the oldest: however many records were put in, the next
 * one of ours may follow on what stood before them all, or, where its owner has read them, on the last of them.
 */
export const CANDIDATES_MAX = 4;

type ChainOptions = {
  /** Whether the log leaves no offset out (the embedded one); Kafka's own markers take some. */
  readonly contiguous: boolean;
  /** Whether the first records may be gone by retention. */
  readonly expires: boolean;
};

export type ChainCheck = {
  /** The next record, in order. */
  take(record: Delivered<"events">): readonly Finding[];
  /** The newest link in hexadecimal, and the offset it stands for; null: no link was seen. */
  head(): ChainHead | null;
  /** Records that a link vouches for. */
  linked(): number;
};

type ChainHead = { readonly offset: number; readonly link: string };

type Chain = {
  candidates: readonly Uint8Array[];
  /** Offset up to which everything is as it was linked. */
  goodUpTo: number;
  last: number;
  records: number;
  unlinked: number;
  head: ChainHead | null;
  linked: number;
};

export function createChainCheck(
  { contiguous, expires }: ChainOptions,
  digests: Pick<Digests, "sha256">,
): ChainCheck {
  const chain: Chain = {
    candidates: [FIRST_LINK],
    goodUpTo: -1,
    last: -1,
    records: 0,
    unlinked: 0,
    head: null,
    linked: 0,
  };

  const link = (before: Uint8Array, digest: Uint8Array): Uint8Array =>
    digests.sha256(linkInput(before, digest));

  function takeOffset(record: Delivered<"events">): Finding[] {
    const missing = record.offset - chain.last - 1;
    const first = chain.records === 0;
    chain.records += 1;
    chain.last = record.offset;
    if (missing <= 0) return [];
    if (!first)
      return contiguous
        ? [found("records-missing", record, `${missing} before offset ${record.offset}`)]
        : [];
    // Nothing is known of what came before: the first link is believed.
    chain.candidates = [];
    const code = expires ? "beginning-expired" : "beginning-missing";
    return [found(code, record, `the log begins at offset ${record.offset}`)];
  }

  function takeUnlinked(record: Delivered<"events">, digest: Uint8Array): Finding[] {
    const through = chain.candidates.map((before) => link(before, digest));
    const isMark = record.ok && record.message?.type === "OwnershipTaken";
    if (isMark || chain.head === null) {
      chain.unlinked += isMark ? 0 : 1;
      chain.candidates = through;
      return [];
    }
    chain.candidates = fewer([...through, ...chain.candidates]);
    return [found("link-missing", record, "it holds no link")];
  }

  function takeLinked(
    record: Delivered<"events">,
    proof: Proof,
    digest: Uint8Array,
    claimed: string,
  ): Finding[] {
    const fits =
      chain.candidates.length === 0 ||
      chain.candidates.some((before) => toHex(link(before, digest)) === claimed);
    const findings = chain.head === null ? beginning(record) : [];
    const { goodUpTo } = chain;
    chain.goodUpTo = record.offset;
    chain.head = { offset: record.offset, link: claimed };
    const believed = fromHex(claimed) ?? FIRST_LINK;
    if (fits) {
      chain.linked += 1;
      chain.candidates = [believed];
      return findings;
    }
    chain.candidates = fewer([believed, ...chain.candidates]);
    const range = goodUpTo + 1 < record.offset ? `one of ${goodUpTo + 1} to ${record.offset}` : "this record";
    return [...findings, found("chain-broken", record, `${range} is not what was linked (${proof.digest})`)];
  }

  function beginning(record: Delivered<"events">): Finding[] {
    if (chain.unlinked === 0) return [];
    return [found("unchained-beginning", record, `${chain.unlinked} records before it hold no link`)];
  }

  return {
    take(record) {
      const findings = takeOffset(record);
      const { proof } = record;
      if (proof === undefined) throw new Error("audit: the log was read without proofs");
      const digest = fromHex(proof.digest);
      if (digest === null) throw new Error(`audit: "${proof.digest}" is no digest`);
      if (!record.ok) findings.push(found("unreadable", record, record.reason));
      if (proof.chain === null) findings.push(...takeUnlinked(record, digest));
      else findings.push(...takeLinked(record, proof, digest, proof.chain));
      return findings;
    },
    head: () => chain.head,
    linked: () => chain.linked,
  };
}

function fewer(candidates: readonly Uint8Array[]): readonly Uint8Array[] {
  if (candidates.length <= CANDIDATES_MAX) return candidates;
  return [...candidates.slice(0, CANDIDATES_MAX - 1), ...candidates.slice(-1)];
}

function found(code: Finding["code"], record: Delivered<"events">, detail: string): Finding {
  const { topic, partition, offset } = record;
  return { code, place: { topic, partition, offset }, request: null, detail };
}
