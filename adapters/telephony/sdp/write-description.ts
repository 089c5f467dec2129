import type { CodecName, Direction, MediaLine } from "./read-description.ts";

/** Payload type of telephone-event in our offers; any free dynamic number would do, and everybody writes 101. */
const EVENTS_PAYLOAD_TYPE = 101;
const PACKET_MS = 20;

export type OurAudio = {
  readonly address: string;
  readonly port: number;
  /** Fixed for the call (RFC 3264 8). */
  readonly sessionId: number;
  /** Rises by one at each change of what we describe. */
  readonly version: number;
  readonly direction: Direction;
  readonly codecs: readonly { readonly name: CodecName; readonly payloadType: number }[];
  /** Payload type that we take telephone events with; null: none. */
  readonly events: number | null;
};

/** Both G.711 laws and telephone events: what every trunk has. */
export const OFFERED: Pick<OurAudio, "codecs" | "events"> = {
  codecs: [
    { name: "PCMU", payloadType: 0 },
    { name: "PCMA", payloadType: 8 },
  ],
  events: EVENTS_PAYLOAD_TYPE,
};

/**
 * An offer, or an answer when `lines` are those of the offer: as many m= lines in the same order, all refused
 * but the one at `index` (RFC 3264 6).
 */
export function writeDescription(
  audio: OurAudio,
  answered: { readonly lines: readonly MediaLine[]; readonly index: number } | null = null,
): string {
  const lines = answered?.lines ?? [{ type: "audio", protocol: "RTP/AVP", formats: "" }];
  const index = answered?.index ?? 0;
  const net = audio.address.includes(":") ? "IN IP6" : "IN IP4";
  return [
    "v=0",
    `o=- ${audio.sessionId} ${audio.version} ${net} ${audio.address}`,
    "s=-",
    `c=${net} ${audio.address}`,
    "t=0 0",
    ...lines.flatMap((line, at) => (at === index ? audioLines(audio) : refusedLine(line))),
    "",
  ].join("\r\n");
}

function refusedLine({ type, protocol, formats }: MediaLine): string {
  return `m=${type} 0 ${protocol} ${formats}`;
}

function audioLines(audio: OurAudio): readonly string[] {
  const events = audio.events === null ? [] : [audio.events];
  const formats = [...audio.codecs.map(({ payloadType }) => payloadType), ...events];
  return [
    `m=audio ${audio.port} RTP/AVP ${formats.join(" ")}`,
    ...audio.codecs.map(({ name, payloadType }) => `a=rtpmap:${payloadType} ${name}/8000`),
    ...events.flatMap((type) => [`a=rtpmap:${type} telephone-event/8000`, `a=fmtp:${type} 0-15`]),
    `a=ptime:${PACKET_MS}`,
    `a=${audio.direction}`,
  ];
}
