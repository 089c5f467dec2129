/**
 * Reads an SDP body strictly (RFC 4566, RFC 3264). sdp-transform takes it apart and never refuses anything, so
 * every rule is here: what passes is an address inside the trunk's media ranges and a codec that we speak.
 */
import { type BlockList, isIP, isIPv6 } from "node:net";
import { parse, type SessionDescription } from "sdp-transform";

const DESCRIPTION_CHARACTERS_MAX = 8_192;
const MEDIA_LINES_MAX = 8;
const MEDIA_PORT_MIN = 1_024;
const PTIME_MS_MIN = 10;
const PTIME_MS_MAX = 60;

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";
export type CodecName = "PCMU" | "PCMA";

export type MediaLine = { readonly type: string; readonly protocol: string; readonly formats: string };

export type RemoteAudio = {
  readonly address: string;
  readonly port: number;
  /** In the order of preference of who wrote it. */
  readonly codecs: readonly { readonly name: CodecName; readonly payloadType: number }[];
  /** Payload type of telephone-event/8000; null: none. */
  readonly events: number | null;
  /** As they see it, after hold by 0.0.0.0 (RFC 2543) has been taken for `inactive`. */
  readonly direction: Direction;
  /** Every m= line, for an answer must have as many; `index` is the one that this is about. */
  readonly lines: readonly MediaLine[];
  readonly index: number;
};

export type Unusable =
  | "not-sdp"
  | "too-large"
  | "no-audio"
  | "several-audio"
  | "refused"
  | "no-codec"
  | "no-address"
  | "address-not-allowed"
  | "port-not-allowed"
  | "ptime-not-allowed";

export type ReadDescription =
  | { readonly ok: true; readonly audio: RemoteAudio }
  | { readonly ok: false; readonly reason: Unusable };

export type MediaRules = {
  /** Addresses and blocks that audio may come from and go to. */
  readonly allowed: BlockList;
  /** In development only. */
  readonly allowLoopback: boolean;
};

/** Never throws: a body that can't be used has its reason. */
export function readDescription(sdp: string, rules: MediaRules): ReadDescription {
  if (sdp.length > DESCRIPTION_CHARACTERS_MAX) return { ok: false, reason: "too-large" };
  // sdp-transform takes any text for a description without media.
  if (!/^v=0\r?\n/.test(sdp) || !/^o=/m.test(sdp)) return { ok: false, reason: "not-sdp" };
  const session = parse(sdp);
  if (session.media.length === 0) return { ok: false, reason: "no-audio" };
  if (session.media.length > MEDIA_LINES_MAX) return { ok: false, reason: "not-sdp" };
  return readAudio(session, rules);
}

type Media = SessionDescription["media"][number];

function readAudio(session: SessionDescription, rules: MediaRules): ReadDescription {
  const usable = session.media.filter((media) => media.type === "audio" && media.protocol === "RTP/AVP");
  const inUse = usable.filter((media) => media.port !== 0);
  const media = inUse[0];
  if (inUse.length > 1) return { ok: false, reason: "several-audio" };
  if (media === undefined) return { ok: false, reason: usable.length > 0 ? "refused" : "no-audio" };
  const codecs = codecsOf(media);
  const address = addressOf(session, media);
  const reason = refusalOf(media, codecs.length, address, rules);
  if (reason !== null || address === null) return { ok: false, reason: reason ?? "no-address" };
  return {
    ok: true,
    audio: {
      address,
      port: media.port,
      codecs,
      events: eventsOf(media),
      direction: isHoldAddress(address) ? "inactive" : directionOf(session, media),
      lines: session.media.map(({ type, protocol, payloads }) => ({
        type,
        protocol,
        formats: textOf(payloads),
      })),
      index: session.media.indexOf(media),
    },
  };
}

function refusalOf(
  media: Media,
  codecCount: number,
  address: string | null,
  rules: MediaRules,
): Unusable | null {
  if (codecCount === 0) return "no-codec";
  if (address === null) return "no-address";
  if (!isHoldAddress(address) && !isAllowed(address, rules)) return "address-not-allowed";
  if (!(media.port >= MEDIA_PORT_MIN && media.port <= 65_535)) return "port-not-allowed";
  const ptime = media.ptime ?? 20;
  return ptime >= PTIME_MS_MIN && ptime <= PTIME_MS_MAX ? null : "ptime-not-allowed";
}

/** RFC 3551 fixes 0 and 8; any other number means what its rtpmap says. */
function codecsOf(media: Media): RemoteAudio["codecs"] {
  return payloadTypes(media).flatMap((payloadType) => {
    const mapped = media.rtp.find(({ payload }) => payload === payloadType);
    const name = mapped === undefined ? staticName(payloadType) : textOf(mapped.codec).toUpperCase();
    const isOurs = name === "PCMU" || name === "PCMA";
    return isOurs && (mapped?.rate ?? 8_000) === 8_000 ? [{ name, payloadType }] : [];
  });
}

function staticName(payloadType: number): string | null {
  if (payloadType === 0) return "PCMU";
  return payloadType === 8 ? "PCMA" : null;
}

function payloadTypes(media: Media): readonly number[] {
  return textOf(media.payloads)
    .split(" ")
    .map(Number)
    .filter((payloadType) => Number.isInteger(payloadType) && payloadType >= 0 && payloadType <= 127);
}

function eventsOf(media: Media): number | null {
  const listed = payloadTypes(media);
  const events = media.rtp.find(
    ({ codec, rate, payload }) =>
      textOf(codec).toLowerCase() === "telephone-event" && rate === 8_000 && listed.includes(payload),
  );
  return events?.payload ?? null;
}

/** sdp-transform makes numbers of texts that look like one, whatever its types say. */
function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? `${value}` : "";
}

function directionOf(session: SessionDescription, media: Media): Direction {
  return media.direction ?? session.direction ?? "sendrecv";
}

function addressOf(session: SessionDescription, media: Media): string | null {
  const connection = media.connection ?? session.connection;
  if (connection === undefined) return null;
  const version = isIP(connection.ip);
  return version !== 0 && connection.version === version ? connection.ip : null;
}

function isHoldAddress(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

function isAllowed(address: string, rules: MediaRules): boolean {
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  const isLoopback = family === "ipv6" ? address === "::1" : address.startsWith("127.");
  if (isLoopback && !rules.allowLoopback) return false;
  const isGroup = family === "ipv6" ? /^ff/i.test(address) : /^(?:22[4-9]|2[3-5]\d)\./.test(address);
  return !isGroup && rules.allowed.check(address, family);
}
