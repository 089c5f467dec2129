import { BlockList, isIP, isIPv6 } from "node:net";
import type { SipAddress, SipPeer } from "./signalling.ts";

export type PeerBook = {
  /** Whose packets these are; null: a stranger's. */
  find(source: SipAddress): SipPeer | null;
  /** Whether an address is one of the peer's. False for names: we look nothing up. */
  holds(peer: SipPeer, host: string): boolean;
};

type Entry = { readonly peer: SipPeer; readonly list: BlockList };

/** Throws when an address or block can't be read: whoever wrote the configuration can mend it. */
export function createPeerBook(peers: readonly SipPeer[]): PeerBook {
  const entries: readonly Entry[] = peers.map((peer) => ({ peer, list: blockList(peer) }));
  return {
    find(source) {
      const matching = entries.filter(({ list }) => listed(list, source.host));
      const pinned = matching.find(({ peer }) => peer.pinnedTo?.port === source.port);
      return (pinned ?? matching[0])?.peer ?? null;
    },
    holds(peer, host) {
      const entry = entries.find((candidate) => candidate.peer === peer);
      return entry !== undefined && listed(entry.list, host);
    },
  };
}

/** Reads addresses and CIDR blocks. Throws when one is neither. */
export function addressBlocks(blocks: readonly string[], owner: string): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = "", bits] = block.split("/");
    try {
      if (bits === undefined) list.addAddress(address, familyOf(address));
      else list.addSubnet(address, Number(bits), familyOf(address));
    } catch (cause) {
      throw new Error(`sip: "${block}" of ${owner} is no address or block; write e.g. 192.0.2.0/24`, {
        cause,
      });
    }
  }
  return list;
}

function blockList(peer: SipPeer): BlockList {
  return addressBlocks(peer.addresses, peer.name);
}

function listed(list: BlockList, host: string): boolean {
  // A name is nobody's address, and the list would throw on it.
  return isIP(host) !== 0 && list.check(host, familyOf(host));
}

export function familyOf(host: string): "ipv4" | "ipv6" {
  return isIPv6(host) ? "ipv6" : "ipv4";
}
