/** Offer and answer of one call (RFC 3264), for either side: keeps our own description and its version. */
import type { MediaAgreement } from "../media-plane.ts";
import {
  type Direction,
  type MediaRules,
  type RemoteAudio,
  readDescription,
  type Unusable,
} from "./read-description.ts";
import { OFFERED, type OurAudio, writeDescription } from "./write-description.ts";

type Negotiated =
  | { readonly ok: true; readonly agreement: MediaAgreement }
  | { readonly ok: false; readonly reason: Unusable };

type Answered =
  | { readonly ok: true; readonly agreement: MediaAgreement; readonly sdp: string }
  | { readonly ok: false; readonly reason: Unusable };

export type Negotiation = {
  /** Our description with everything that we speak. */
  offer(): string;
  /** Judges the answer to `offer()`. */
  readAnswer(sdp: string | null): Negotiated;
  /** Judges an offer and writes our answer; for the first one and for re-INVITEs. */
  answer(sdp: string): Answered;
};

export type NegotiationOptions = {
  readonly address: string;
  readonly port: number;
  readonly sessionId: number;
  readonly rules: MediaRules;
  readonly sourceCheck: MediaAgreement["sourceCheck"];
};

const ANSWER_DIRECTION: Readonly<Record<Direction, Direction>> = {
  sendrecv: "sendrecv",
  sendonly: "recvonly",
  recvonly: "sendonly",
  inactive: "inactive",
};

export function createNegotiation(options: NegotiationOptions): Negotiation {
  let version = 0;
  let last: MediaAgreement | null = null;
  let described = "";

  /** RFC 3264 8: the version rises with each change, and only with one. */
  function write(
    audio: Omit<OurAudio, "address" | "port" | "sessionId" | "version">,
    answered?: RemoteAudio,
  ) {
    const body = JSON.stringify([audio, answered?.lines, answered?.index]);
    if (body !== described) version += 1;
    described = body;
    const { address, port, sessionId } = options;
    return writeDescription({ ...audio, address, port, sessionId, version }, answered ?? null);
  }

  function agree(audio: RemoteAudio, receiveEventsAs: number | null): MediaAgreement | null {
    const [codec] = audio.codecs;
    if (codec === undefined) return null;
    const isHold = audio.address === "0.0.0.0" || audio.address === "::";
    last = {
      // Hold by 0.0.0.0 says nothing of where the peer is: it stays where it was.
      remoteAddress: isHold ? (last?.remoteAddress ?? audio.address) : audio.address,
      remotePort: isHold ? (last?.remotePort ?? audio.port) : audio.port,
      codec: codec.name,
      payloadType: codec.payloadType,
      sendEventsAs: audio.events,
      receiveEventsAs,
      sourceCheck: options.sourceCheck,
      sending: audio.direction === "sendrecv" || audio.direction === "recvonly",
    };
    return last;
  }

  return {
    offer: () => write({ ...OFFERED, direction: "sendrecv" }),
    readAnswer(sdp) {
      if (sdp === null) return { ok: false, reason: "not-sdp" };
      const read = readDescription(sdp, options.rules);
      if (!read.ok) return read;
      // An answer has the offer's one line, and speaks its payload types.
      const { codecs, lines, events } = read.audio;
      if (lines.length !== 1) return { ok: false, reason: "not-sdp" };
      const [codec] = codecs;
      const offered = OFFERED.codecs.some(
        ({ name, payloadType }) => name === codec?.name && payloadType === codec.payloadType,
      );
      const agreement = offered ? agree(read.audio, events === null ? null : OFFERED.events) : null;
      return agreement === null ? { ok: false, reason: "no-codec" } : { ok: true, agreement };
    },
    answer(sdp) {
      const read = readDescription(sdp, options.rules);
      if (!read.ok) return read;
      const { audio } = read;
      const agreement = agree(audio, audio.events);
      if (agreement === null) return { ok: false, reason: "no-codec" };
      const codecs = audio.codecs.slice(0, 1);
      const direction = ANSWER_DIRECTION[audio.direction];
      return { ok: true, agreement, sdp: write({ codecs, events: audio.events, direction }, audio) };
    },
  };
}
