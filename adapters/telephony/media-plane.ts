import type { CallLeg, Digit, MediaQuality } from "../../domain/ports/telephony.ts";

/** What SDP agreed: where and how to send, and which payload numbers mean what. */
export type MediaAgreement = {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly codec: "PCMU" | "PCMA";
  /** RTP payload type of the codec, both ways. */
  readonly payloadType: number;
  /** Payload type of telephone-event that the peer wants to receive; null: it takes none. */
  readonly sendEventsAs: number | null;
  /** Payload type of telephone-event that we offered to receive; null: none. */
  readonly receiveEventsAs: number | null;
  /** "strict": only packets from the agreed address and port count. */
  readonly sourceCheck: "strict" | "any-port";
  /** Hold: receive, send nothing, and let the media timeout rest. */
  readonly sending: boolean;
};

/** The audio of one call, from the SDP offer to the end. */
export interface MediaSession extends CallLeg {
  /** RTP port, bound before the offer leaves; RTCP is the next one. */
  readonly localPort: number;
  /** Begins, or moves after a re-INVITE. */
  connect(agreement: MediaAgreement): void;
  quality(): MediaQuality;
  /** A key that came by SIP INFO: as if it had come in the audio, once where it came both ways. */
  hearDigit(digit: Digit): void;
  /** Called once after 20 s without RTP or RTCP outside hold. */
  onTimeout(listener: () => void): void;
  /** The other side is gone: listeners of `onHangup` run, playing ends with "hangup". */
  hungUp(): void;
  /** Sockets closed; harmless when repeated. */
  close(): Promise<void>;
}

/** All media of a telephony server; lives in its own worker thread behind this face. */
export interface MediaPlane {
  /** Throws when the port range is used up or the address cannot be bound. */
  open(localAddress: string): Promise<MediaSession>;
  /** p99 lateness of sent packets over the last second. */
  latenessMs(): number;
  close(): Promise<void>;
}
