import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { type PhoneNumber, parsePhoneNumber } from "../../../domain/kernel/phone-number.ts";
import type { MediaAgreement } from "../media-plane.ts";
import type { MediaRules } from "../sdp/read-description.ts";
import type { SipCredentials } from "./digest.ts";
import { addressBlocks, familyOf } from "./peer-book.ts";
import type { SipPeer } from "./signalling.ts";

/** A carrier's line, or a gateway: the only kind of peer that a telephony server talks to. */
export type TrunkConfig = {
  /** Unique; stands in events and reports. */
  readonly name: string;
  /** Literal address, or a name that is looked up once at the start (A or AAAA; no SRV). */
  readonly host: string;
  readonly port: number;
  /** Calls at once in both directions, e.g. 23 for a PRI, 672 for a DS3. */
  readonly channels: number;
  /** Addresses and CIDR blocks that its signalling comes from, beside `host`. */
  readonly signallingAddresses: readonly string[];
  /** Addresses and CIDR blocks that its audio may come from and go to; empty: those of its signalling. */
  readonly mediaAddresses: readonly string[];
  /** "any-port" for carriers that send audio from another port than they name. */
  readonly mediaSourceCheck: MediaAgreement["sourceCheck"];
  /** How numbers are written in its URIs: "+12125550123" or "12125550123". */
  readonly numbers: "plus" | "digits";
  /** Its 183 means that the telephone rings. Elsewhere a 183 may be an announcement. */
  readonly progressIsAlerting: boolean;
  /** Asked with OPTIONS every 30 s, and passed over while it does not answer. For peers that answer OPTIONS. */
  readonly asked?: boolean;
  /** It refuses calls that it has no room for with 480 or 486 within a second: then they count as throttled. */
  readonly refusesAtOnce?: boolean;
  /** Answer to the port that a packet came from, asked or not (NAT; RFC 3581). */
  readonly forceRport: boolean;
  /** For a carrier that challenges our calls (401, 407); null: it knows us by our address. */
  readonly credentials?: SipCredentials | null;
};

export type Trunk = {
  readonly config: TrunkConfig;
  /** Literal. */
  readonly address: string;
  readonly peer: SipPeer;
  readonly mediaRules: MediaRules;
};

/** Throws when its name can't be resolved or an address block can't be read. */
export async function openTrunk(config: TrunkConfig, allowLoopback: boolean): Promise<Trunk> {
  const address = await resolveHost(config);
  const addresses = [address, ...config.signallingAddresses];
  const peer: SipPeer = {
    name: config.name,
    addresses,
    pinnedTo: { host: address, port: config.port },
    forceRport: config.forceRport,
    credentials: config.credentials ?? null,
  };
  const mediaAddresses = config.mediaAddresses.length === 0 ? addresses : config.mediaAddresses;
  const allowed = addressBlocks(mediaAddresses, `the media of trunk ${config.name}`);
  if (!allowLoopback && addressBlocks(["127.0.0.0/8", "::1"], "loopback").check(address, familyOf(address))) {
    throw new Error(
      `telephony: trunk ${config.name} is at loopback address ${address}; allow loopback (development), or give the carrier's address`,
    );
  }
  return { config, address, peer, mediaRules: { allowed, allowLoopback } };
}

async function resolveHost(config: TrunkConfig): Promise<string> {
  if (isIP(config.host) !== 0) return config.host;
  try {
    return (await lookup(config.host)).address;
  } catch (cause) {
    throw new Error(
      `telephony: host "${config.host}" of trunk ${config.name} has no address; give one, or mend the name server`,
      { cause },
    );
  }
}

/** As the trunk wants it in a URI. */
export function writeNumber(number: PhoneNumber, trunk: TrunkConfig): string {
  return trunk.numbers === "plus" ? number : number.slice(1);
}

/** What the trunk wrote as the caller; null when withheld or no E.164 number. */
export function readNumber(user: string | null, trunk: TrunkConfig): PhoneNumber | null {
  if (user === null) return null;
  return parsePhoneNumber(trunk.numbers === "digits" && !user.startsWith("+") ? `+${user}` : user);
}
