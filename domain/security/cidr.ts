/** Internet addresses and blocks of them, for the sources that a Sender may send from (H01). */

type Address = { readonly bits: 32 | 128; readonly value: bigint };
type Block = { readonly network: Address; readonly prefixBits: number };

/**
 * Whether `address` lies in one of `blocks` (CIDR, or a single address). An IPv4 address mapped into IPv6
 * counts as what it is. What cannot be read matches nothing: a slip of the pen closes the door.
 */
export function isWithin(address: string, blocks: readonly string[]): boolean {
  const asked = parseAddress(address);
  if (asked === null) return false;
  return blocks.map(parseBlock).some((block) => block !== null && holds(block, asked));
}

/** Whether the text is a block that `isWithin` can use: administration asks before it stores one. */
export function isCidr(text: string): boolean {
  return parseBlock(text) !== null;
}

/**
 * What attempts are counted by: an IPv4 address, or the /64 of an IPv6 address, since whoever has one address of
 * such a network has them all. Unreadable addresses share one counter.
 */
export function countedAddress(address: string): string {
  const parsed = parseAddress(address);
  if (parsed === null) return "unknown";
  return parsed.bits === 32 ? `4:${parsed.value.toString(16)}` : `6:${(parsed.value >> 64n).toString(16)}`;
}

function holds(block: Block, address: Address): boolean {
  if (block.network.bits !== address.bits) return false;
  const ignored = BigInt(address.bits - block.prefixBits);
  return block.network.value >> ignored === address.value >> ignored;
}

const BLOCK = /^([^/]+)(?:\/(0|[1-9][0-9]{0,2}))?$/;

function parseBlock(text: string): Block | null {
  const [, host, prefix] = BLOCK.exec(text) ?? [];
  const network = host === undefined ? null : parseAddress(host);
  if (network === null) return null;
  const prefixBits = prefix === undefined ? network.bits : Number(prefix);
  return prefixBits <= network.bits ? { network, prefixBits } : null;
}

const MAPPED_PREFIX = 0xffffn;

function parseAddress(text: string): Address | null {
  const v4 = parseV4(text);
  if (v4 !== null) return { bits: 32, value: v4 };
  // A zone ("%eth0") names our own interface, not the far end.
  const v6 = parseV6(text.replace(/%[A-Za-z0-9._-]+$/, ""));
  if (v6 === null) return null;
  return v6 >> 32n === MAPPED_PREFIX ? { bits: 32, value: v6 & 0xffff_ffffn } : { bits: 128, value: v6 };
}

// Four decimal numbers and nothing else: "0177.1" and "2130706433" mean different hosts to different readers.
const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

function parseV4(text: string): bigint | null {
  if (!V4.test(text)) return null;
  return text.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

/** RFC 4291 section 2.2, all three forms. */
function parseV6(text: string): bigint | null {
  const halves = withHexTail(text)?.split("::") ?? [];
  if (halves.length === 0 || halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const written = (head?.length ?? 0) + (tail?.length ?? 0);
  if (tail === undefined ? written !== 8 : written > 7) return null;
  const groups = [...(head ?? []), ...Array<string>(8 - written).fill("0"), ...(tail ?? [])];
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return null;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** Rewrites a dotted tail ("::ffff:192.0.2.1") as two groups; null where that tail is none. */
function withHexTail(text: string): string | null {
  if (!text.includes(".")) return text;
  const cut = text.lastIndexOf(":") + 1;
  const v4 = parseV4(text.slice(cut));
  return v4 === null
    ? null
    : `${text.slice(0, cut)}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
}
