import { BlockList, isIP } from "node:net";
import type { SipAddress, SipPeer } from "./signalling.ts";

export type PeerBook = {
  /** Whose packets these are; null: a stranger's. */
  find(source: SipAddress): SipPeer | null;
  /** Whether an address is one of the peer's. False for names: we look nothing up. */
  holds(peer: SipPeer, host: string): boolean;
};

type Entry = { readonly peer: SipPeer; readonly list: BlockList };

/** Addresses of peers that were looked up before; a carrier has a handful. */
const HOSTS_KNOWN_MAX = 1_024;

/** Throws when an address or block can't be read: whoever wrote the configuration can mend it. */
export function createPeerBook(peers: readonly SipPeer[]): PeerBook {
  const entries: readonly Entry[] = peers.map((peer) => ({ peer, list: blockList(peer) }));
  const known = new Map<string, readonly Entry[]>();

  /** Strangers are not remembered: there is no end of them. */
  function matchingOf(host: string): readonly Entry[] {
    const remembered = known.get(host);
    if (remembered !== undefined) return remembered;
    const matching = entries.filter(({ list }) => listed(list, host));
    if (matching.length > 0 && known.size < HOSTS_KNOWN_MAX) known.set(host, matching);
    return matching;
  }

  return {
    find(source) {
      const matching = matchingOf(source.host);
      if (matching.length === 1) return matching[0]?.peer ?? null;
      const pinned = matching.find(({ peer }) => peer.pinnedTo?.port === source.port);
      return (pinned ?? matching[0])?.peer ?? null;
    },
    holds(peer, host) {
      return matchingOf(host).some((entry) => entry.peer === peer);
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

/** Of a literal address. */
export function familyOf(host: string): "ipv4" | "ipv6" {
  return host.includes(":") ? "ipv6" : "ipv4";
}
