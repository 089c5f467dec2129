/** The running link of a stretch of one partition: what the next record's own link must be. */
import { fromHex, toHex } from "../../domain/kernel/hex.ts";
import { linkInput } from "../../domain/kernel/record-chain.ts";
import type { Digests } from "../../domain/ports/digests.ts";

export type LinkWalk = {
  /** A record of which only the digest is known, or that holds no link. */
  pass(digest: Uint8Array): void;
  /** A record with its link. False where that does not follow; from there on the claimed one is believed. */
  take(digest: Uint8Array, claimed: string): boolean;
  /** In hexadecimal; null: none is known yet. */
  head(): string | null;
};

/** `start` null: nothing is known before the first link. */
export function createLinkWalk(digests: Pick<Digests, "sha256">, start: Uint8Array | null): LinkWalk {
  let running = start;
  const follow = (digest: Uint8Array): Uint8Array | null =>
    running === null ? null : digests.sha256(linkInput(running, digest));
  return {
    pass(digest) {
      running = follow(digest);
    },
    take(digest, claimed) {
      const expected = follow(digest);
      running = fromHex(claimed);
      return expected === null || toHex(expected) === claimed;
    },
    head: () => (running === null ? null : toHex(running)),
  };
}
